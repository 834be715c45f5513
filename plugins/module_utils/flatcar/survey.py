# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that a Flatcar node tells about its updates, for flatcar_update_info."""

from __future__ import annotations

import dataclasses
import typing as t

from ..node import Completed, File, Node
from . import read
from .conf import Conf
from .facts import configuration_facts, state_facts

_COORDINATOR = "/run/update-engine/coordinator.conf"

# update-engine empties it when it has reported to the server that the node has come up with an update.
_PREVIOUS = "/var/lib/update_engine/prefs/previous-version"


def survey(node: Node) -> dict[str, t.Any]:
    """Returns what the module flatcar_update_info returns, after one round trip.

    :raises FleetError: the node is no Flatcar.
    """
    found = node.gather(
        {**read.questions(versions=True), "coordinator": _COORDINATOR, "previous": _PREVIOUS},
    )
    host = read.answered(found)
    coordinator, previous = found["coordinator"], found["previous"]
    return {
        "configuration": configuration_facts(host.conf, host.vendor),
        **state_facts(host),
        "units": {
            "update_engine": dataclasses.asdict(host.engine),
            "locksmithd": dataclasses.asdict(host.locksmith),
        },
        "coordinator": _values(coordinator) if isinstance(coordinator, File) else None,
        "previous_version": _text(previous) or None,
    }


def _text(file: Completed | File | None) -> str:
    return file.content.decode(errors="replace").strip() if isinstance(file, File) else ""


def _values(file: File) -> dict[str, str]:
    conf = Conf.parse(file.content)
    keys = [line.partition("=")[0] for line in conf.lines if "=" in line and not line.startswith("#")]
    return {key: conf.unquoted(key) or "" for key in keys}
