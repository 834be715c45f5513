# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user wants of greenboot, checked as far as it can be without looking at the node."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass, field

from ..errors import FleetError
from . import config
from .layout import ADMIN, GREEN, RED, REQUIRED, WANTED, folder

Params = t.Mapping[str, t.Any]

OPTIONS = {REQUIRED: "required_checks", WANTED: "wanted_checks", GREEN: "green_scripts", RED: "red_scripts"}

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]*(?:\.[A-Za-z0-9_+-]+)*")
_FILE_NAME = re.compile(r"[A-Za-z0-9_+.-]+")
# An unquoted 0755 in YAML is the number 493, and an unquoted 0644 would even pass for a mode without this zero.
_MODE = re.compile(r"0[0-7]{3}")

# greenboot runs every script with bash, whatever its first line says.
_SHELLS = frozenset({"bash", "sh", "dash", "ash"})


@dataclass(frozen=True)
class Script:
    """A script that greenboot is to run. ``timeout`` is in seconds, 0 is none; ``option`` is where it was given."""

    kind: str
    name: str
    order: int
    content: str
    mode: int
    timeout: int
    option: str

    @property
    def file_name(self) -> str:
        """The shell generation runs nothing but ``*.sh``, the other one these too."""
        return f"{self.order:02d}_{self.name}.sh"

    @property
    def path(self) -> str:
        return f"{folder(ADMIN, self.kind)}/{self.file_name}"

    @property
    def interpreter(self) -> tuple[str, ...]:
        """The words of its first line after ``#!``; empty when it names none."""
        first = self.content.split("\n", 1)[0]
        return tuple(first[2:].split()) if first.startswith("#!") else ()


@dataclass(frozen=True)
class Wanted:
    """Every part is optional: a kind of script or a setting that is not in here stays as it is.

    ``scripts`` has whole lists by kind. ``settings`` has the line of each key in greenboot.conf.
    """

    scripts: t.Mapping[str, tuple[Script, ...]] = field(default_factory=dict)
    settings: t.Mapping[str, str] = field(default_factory=dict)
    disabled: tuple[str, ...] | None = None

    @property
    def all_scripts(self) -> tuple[Script, ...]:
        return tuple(script for scripts in self.scripts.values() for script in scripts)

    @classmethod
    def from_params(cls, params: Params) -> Wanted:
        """:raises FleetError: options that are malformed or contradict each other."""
        scripts = {
            kind: tuple(_script(kind, f"{option}[{index}]", each) for index, each in enumerate(params[option]))
            for kind, option in OPTIONS.items()
            if params.get(option) is not None
        }
        disabled = params.get("disabled_checks")
        wanted = cls(scripts, _settings(params), None if disabled is None else tuple(disabled))
        _refuse_twins(wanted)
        return wanted


def _script(kind: str, option: str, params: Params) -> Script:
    name, mode = params["name"], params["mode"]
    if not _NAME.fullmatch(name) or name.endswith(".sh"):
        raise FleetError(
            f"{option}.name: {name!r} must have letters, digits, _ + - and single dots only, and not end in .sh, which "
            "the file gets anyway"
        )
    if not 0 <= params["order"] <= 99:
        raise FleetError(f"{option}.order: {params['order']} must be from 0 to 99")
    if not _MODE.fullmatch(mode):
        raise FleetError(f'{option}.mode: {mode!r} must be four octal digits in quotes, for example "0755"')
    if params["timeout"] < 0:
        raise FleetError(f"{option}.timeout: {params['timeout']} must be seconds, or 0 for no limit")
    script = Script(kind, name, params["order"], params["content"], int(mode, 8), params["timeout"], option)
    _refuse_content(script)
    return script


def _refuse_content(script: Script) -> None:
    option = f"{script.option}.content"
    if not script.content.strip():
        raise FleetError(f"{option}: is empty; leave the script out of the list if it shall not be there")
    if "\0" in script.content:
        raise FleetError(f"{option}: holds a NUL byte; greenboot runs shell scripts, so let one start the program")
    if "\r\n" in script.content:
        raise FleetError(f"{option}: has the line ends of Windows, which no shell takes; save it with those of Unix")
    program = interpreter_program(script.interpreter)
    if program and os.path.basename(program) not in _SHELLS:
        raise FleetError(
            f"{option}: is for {program}, and greenboot runs every script with bash; let a shell script start it"
        )


def interpreter_program(words: t.Sequence[str]) -> str:
    """The program that the first line of a script asks for; of ``env`` what that is to start."""
    if not words or os.path.basename(words[0]) != "env":
        return words[0] if words else ""
    programs = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    return programs[0] if programs else words[0]


def _settings(params: Params) -> dict[str, str]:
    settings: dict[str, str] = {}
    attempts = params.get("max_boot_attempts")
    if attempts is not None:
        if attempts < 1:
            raise FleetError(f"max_boot_attempts: {attempts} must be at least 1, the first boot of an update")
        settings[config.MAX_BOOT_ATTEMPTS] = config.scalar_line(config.MAX_BOOT_ATTEMPTS, str(attempts))
    watchdog = params.get("watchdog") or {}
    if watchdog.get("enabled") is not None:
        value = "true" if watchdog["enabled"] else "false"
        settings[config.WATCHDOG_ENABLED] = config.scalar_line(config.WATCHDOG_ENABLED, value)
    if watchdog.get("grace_period") is not None:
        if watchdog["grace_period"] < 1:
            raise FleetError(f"watchdog.grace_period: {watchdog['grace_period']} must be at least 1 hour")
        value = str(watchdog["grace_period"])
        settings[config.WATCHDOG_GRACE_PERIOD] = config.scalar_line(config.WATCHDOG_GRACE_PERIOD, value)
    disabled = params.get("disabled_checks")
    if disabled is not None:
        for name in disabled:
            if not _FILE_NAME.fullmatch(name):
                raise FleetError(
                    f"disabled_checks: {name!r} must be the name of a file without its folder, of letters, digits and "
                    "_ + . - only"
                )
        settings[config.DISABLED] = config.list_line(config.DISABLED, disabled)
    return settings


def _refuse_twins(wanted: Wanted) -> None:
    """greenboot tells and disables checks by the names of their files."""
    seen: dict[str, Script] = {}
    for script in wanted.all_scripts:
        key = script.file_name if script.kind in (REQUIRED, WANTED) else script.path
        if key in seen:
            raise FleetError(
                f"{script.option}: has the file name of {seen[key].option}, {script.file_name}; give it another name "
                "or order"
            )
        seen[key] = script
