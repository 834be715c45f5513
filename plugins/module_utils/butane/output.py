# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What butane wrote: an Ignition config as JSON, or for openshift a MachineConfig as YAML with one inside."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

from ..errors import FleetError


@dataclass(frozen=True)
class Output:
    """``whole`` is the document as data, ``ignition`` the Ignition config in it."""

    whole: dict[str, t.Any]
    ignition: dict[str, t.Any]

    @property
    def version(self) -> str:
        """Of the Ignition specification."""
        return str(self.ignition["ignition"]["version"])


def load(text: str) -> Output:
    """Read an Ignition config or a MachineConfig.

    :raises FleetError: it is neither, or a MachineConfig and ruamel.yaml is not installed.
    """
    try:
        whole = json.loads(text) if text.startswith("{") else _yaml(text)
        ignition = whole["spec"]["config"] if "spec" in whole else whole
        output = Output(whole, ignition)
        output.version  # noqa: B018 - a config without it is none
    except (ValueError, LookupError, TypeError) as exc:
        raise FleetError("neither an Ignition config nor a MachineConfig") from exc
    return output


def _yaml(text: str) -> t.Any:
    from .document import library  # not for the usual JSON: see source.py

    ruamel = library()
    try:
        return ruamel.YAML(typ="safe", pure=True).load(text)
    except ruamel.error.YAMLError as exc:
        raise ValueError(str(exc)) from exc
