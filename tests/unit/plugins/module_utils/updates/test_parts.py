# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What locksmithd is told, and what the programs and settings of an rpm-ostree host do."""

from __future__ import annotations

import datetime
import subprocess
import typing as t
import zoneinfo
from pathlib import Path

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.updates.host import Host
from ansible_collections.evergreen.fleet.plugins.module_utils.updates.parts import parts
from ansible_collections.evergreen.fleet.plugins.module_utils.updates.rpm_ostree import (
    apply_program,
    policy,
    with_policy,
)
from ansible_collections.evergreen.fleet.plugins.module_utils.updates.wanted import Wanted
from ansible_collections.evergreen.fleet.plugins.module_utils.windows import DAYS, Window

EVERY_NIGHT = Window(DAYS, "02:00", 90)
THURSDAY = Window(("Thu",), "23:00", 120)


@pytest.mark.parametrize(
    ("wanted", "flatcar", "units"),
    [
        ({}, {"held": False, "reboot_strategy": "reboot", "reboot_window": {}}, {"update-engine", "locksmithd"}),
        ({"enabled": False}, {"held": True, "reboot_strategy": "reboot"}, {"update-engine", "locksmithd"}),
        ({"strategy": "staged"}, {"held": False, "reboot_strategy": "off"}, {"update-engine"}),
        (
            {"strategy": "periodic", "windows": (EVERY_NIGHT,)},
            {"reboot_window": {"start": "02:00", "length": "90m"}},
            {"update-engine", "locksmithd"},
        ),
        (
            {"strategy": "periodic", "windows": (THURSDAY,)},
            {"reboot_window": {"start": "Thu 23:00", "length": "120m"}},
            {"update-engine", "locksmithd"},
        ),
        ({"group": "beta", "server": "https://u.example/"}, {"group": "beta", "server": "https://u.example/"}, None),
    ],
)
def test_flatcar(wanted: dict[str, t.Any], flatcar: dict[str, t.Any], units: set[str] | None) -> None:
    update, files = parts(Wanted("flatcar", **wanted), Host())
    assert (update.module, files.module) == ("flatcar_update", "host_files")
    assert {name: update.params[name] for name in flatcar} == flatcar
    named = {unit["name"].removesuffix(".service") for unit in files.params["units"]}
    assert units is None or named == units
    assert all(unit["state"] == "started" and unit["masked"] is False for unit in files.params["units"])


@pytest.mark.parametrize(
    ("conf", "now", "after"),
    [
        (None, "none", "[Daemon]\nAutomaticUpdatePolicy=stage\n"),
        ("", "none", "[Daemon]\nAutomaticUpdatePolicy=stage\n"),
        ("[Daemon]\nLockLayering=true\n", "none", "[Daemon]\nAutomaticUpdatePolicy=stage\nLockLayering=true\n"),
        ("[Daemon]\nAutomaticUpdatePolicy = check\n", "check", "[Daemon]\nAutomaticUpdatePolicy=stage\n"),
        (
            "# one\n[Other]\nAutomaticUpdatePolicy=apply\n",
            "none",
            "# one\n[Other]\nAutomaticUpdatePolicy=apply\n[Daemon]\nAutomaticUpdatePolicy=stage\n",
        ),
        (
            "[Daemon]\nAutomaticUpdatePolicy=none\nA=1\nAutomaticUpdatePolicy=apply\n",
            "apply",
            "[Daemon]\nAutomaticUpdatePolicy=stage\nA=1\n",
        ),
    ],
)
def test_policy(conf: str | None, now: str, after: str) -> None:
    assert policy(conf) == now
    assert with_policy(conf, "stage") == after
    assert policy(after) == "stage"


def reboots(folder: Path, program: str, moment: datetime.datetime) -> bool:
    """Run it with a clock that stands still and a systemctl that only says that it was called."""
    folder.joinpath("date").write_text(f'#!/bin/sh\nexec /usr/bin/date --date=@{int(moment.timestamp())} "$@"\n')
    folder.joinpath("systemctl").write_text(f"#!/bin/sh\necho $* >>{folder}/called\n")
    for name in ("date", "systemctl"):
        folder.joinpath(name).chmod(0o755)
    called = folder / "called"
    called.unlink(missing_ok=True)
    script = folder / "program"
    script.write_text(program)
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "TZ": "America/New_York"}
    done = subprocess.run(["/bin/sh", script], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return called.exists() and called.read_text() == "--no-block reboot\n"


@pytest.mark.parametrize(
    ("windows", "zone", "local", "open_then"),
    [
        ([], None, "2026-11-18 12:00", True),
        ([EVERY_NIGHT], "UTC", "2026-11-18 01:59", False),
        ([EVERY_NIGHT], "UTC", "2026-11-18 02:00", True),
        ([EVERY_NIGHT], "UTC", "2026-11-18 03:29", True),
        ([EVERY_NIGHT], "UTC", "2026-11-18 03:30", False),
        # 08 and 09 are no octal numbers.
        ([Window(("Sun",), "08:00", 120)], "UTC", "2026-11-22 08:09", True),
        ([Window(("Sun",), "08:00", 120)], "UTC", "2026-11-22 09:08", True),
        ([THURSDAY], "Europe/Rome", "2026-11-19 22:59", False),
        ([THURSDAY], "Europe/Rome", "2026-11-19 23:00", True),
        ([THURSDAY], "Europe/Rome", "2026-11-20 00:59", True),
        ([THURSDAY], "Europe/Rome", "2026-07-16 23:30", True),
        ([Window(("Sun",), "23:30", 60)], "UTC", "2026-11-23 00:29", True),
        ([Window(("Sun",), "23:30", 60)], "UTC", "2026-11-23 00:30", False),
        ([EVERY_NIGHT, THURSDAY], "UTC", "2026-11-19 23:10", True),
        ([EVERY_NIGHT], "localtime", "2026-11-18 02:00", True),
    ],
)
def test_apply_program(tmp_path: Path, windows: list[Window], zone: str | None, local: str, open_then: bool) -> None:
    known = zoneinfo.ZoneInfo("America/New_York" if zone == "localtime" else zone or "UTC")
    moment = datetime.datetime.fromisoformat(local).replace(tzinfo=known)
    assert reboots(tmp_path, apply_program(windows, zone), moment) is open_then


def test_apply_program_without_a_zone_goes_by_utc(tmp_path: Path) -> None:
    moment = datetime.datetime.fromisoformat("2026-11-18 02:00").replace(tzinfo=datetime.timezone.utc)
    assert reboots(tmp_path, apply_program([EVERY_NIGHT], None), moment)
