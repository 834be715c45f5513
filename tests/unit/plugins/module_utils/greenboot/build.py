# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""States of a node for tests, from a few words.

``units`` holds what is not enabled, ``lacks`` what the release has not; ``in_place`` names the scripts that are as
wanted, ``files`` those that are there in another way.
"""

from __future__ import annotations

import pathlib
import typing as t

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot.deliver import delivered
from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot.layout import UNITS
from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot.survey import State
from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot.wanted import Wanted
from ansible_collections.evergreen.fleet.plugins.module_utils.node import File
from ansible_collections.evergreen.fleet.plugins.modules.greenboot import ARGUMENT_SPEC

Case = dict[str, t.Any]

CASES: list[Case] = [
    case
    for path in sorted(pathlib.Path(__file__).parent.glob("cases/*.yml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
]


def params(wanted: dict[str, t.Any]) -> dict[str, t.Any]:
    """Module parameters as Ansible hands them over: all of them, with their defaults."""
    valid = ArgumentSpecValidator(ARGUMENT_SPEC).validate(wanted)
    assert not valid.errors.errors, valid.errors.msg
    return t.cast("dict[str, t.Any]", valid.validated_parameters)


def state(words: dict[str, t.Any], wanted: Wanted) -> State:
    """A node as the survey reads it."""
    generation = words["generation"]
    units = dict.fromkeys(UNITS.get(generation, ()), "enabled")
    units.update(words.get("units", {}))
    for unit in words.get("lacks", ()):
        del units[unit]
    files: dict[str, File | None] = {}
    for script in wanted.all_scripts:
        if script.name in words.get("in_place", ()):
            files[script.path] = File(delivered(script), script.mode, "root", "root")
        elif script.name in words.get("files", {}):
            files[script.path] = _file(words["files"][script.name], delivered(script))
        else:
            files[script.path] = None
    config = words.get("config")
    ours = [f"/etc/greenboot/{path}" for path in words.get("ours", ())]
    return State(
        generation=generation,
        config=None if config is None else File(config.encode(), 0o644, "root", "root"),
        units=units,
        files=files,
        ours=tuple(ours),
        missing_folders=tuple(f"/etc/greenboot{path}" for path in words.get("missing", ())),
        checks=frozenset(words.get("checks", ())),
        knows_disabled=words.get("knows_disabled", True),
        prepares_updates=words.get("prepares_updates", True),
        staged=words.get("staged", False),
        counts_boots=words.get("counts_boots"),
    )


def _file(words: dict[str, t.Any], content: bytes) -> File:
    return File(
        words["content"].encode() if "content" in words else content,
        int(words.get("mode", "0755"), 8),
        words.get("owner", "root"),
        words.get("group", "root"),
    )
