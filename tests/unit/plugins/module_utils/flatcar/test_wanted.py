# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused without a look at the node."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.flatcar.wanted import Wanted, Window

from .build import params


def window(start: str | None = "14:00", length: str | None = "1h") -> dict[str, t.Any]:
    return {"reboot_window": {"start": start, "length": length}}


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"group": "a b"}, "group: 'a b' is no group"),
        ({"group": "a\nSERVER=x"}, "is no group"),
        ({"group": '"beta"'}, "is no group"),
        ({"server": "disabled"}, "server: disabled stops updates; write held: true"),
        ({"server": "update.example.com"}, "server: 'update.example.com' is no http or https address"),
        ({"server": "https://a b/"}, "is no http or https address"),
        ({"server": "https://a.example.com/$(id)"}, "is no http or https address"),
        ({"version": "stable"}, "version: 'stable' is no version of Flatcar"),
        ({"version": "3815.2"}, "is no version of Flatcar"),
        (window(start=None), "locksmithd does not start with one of start and length"),
        (window(length=None), "locksmithd does not start with one of start and length"),
        (window(start="25:00"), "reboot_window: start '25:00' is neither"),
        (window(start="840"), "write it in quotes"),
        (window(start="Don 14:00"), "reboot_window: 'Don' is no day of the week"),
        (window(start="Thun 14:00"), "reboot_window: 'Thun' is no day of the week"),
        (window(length="90"), "reboot_window: length '90' is no duration"),
        (window(length="1 hour"), "is no duration"),
        (window(length="0h0m"), "is no duration"),
        ({"timeout": 0}, "timeout: 0 is no time"),
        ({"state": "rolled_back", "upgrade": True}, "upgrade and state: rolled_back exclude each other"),
        ({"version": "3815.2.1", "upgrade": True}, "version and upgrade exclude each other"),
        ({"version": "3815.2.1", "held": False}, "held cannot be false"),
        ({"held": True, "upgrade": True}, "held and upgrade exclude each other"),
    ],
)
def test_refused(wanted: dict[str, t.Any], message: str) -> None:
    with pytest.raises(FleetError) as refused:
        Wanted.from_params(params(wanted))
    assert message in refused.value.message


@pytest.mark.parametrize(
    ("start", "written"),
    [
        ("14:00", "14:00"),
        ("4:05", "04:05"),
        ("thu 23:00", "Thu 23:00"),
        ("Tuesday  1:00", "Tue 01:00"),
        ("WEDNESDAY 1:00", "Wed 01:00"),
    ],
)
def test_starts_of_windows(start: str, written: str) -> None:
    assert Wanted.from_params(params(window(start=start, length="1h30m"))).window == Window(written, "1h30m")


@pytest.mark.parametrize(
    "wanted",
    [
        {"group": "5b810680-e36a-4879-b98a-4f989e80b899"},
        {"server": "http://198.51.100.1:8000/v1/update/"},
        {"server": ""},
        {"version": "3815.2.1", "held": True},
        {"state": "rolled_back", "version": "3815.2.1", "held": False},
        {"reboot_window": {}},
    ],
)
def test_taken(wanted: dict[str, t.Any]) -> None:
    Wanted.from_params(params(wanted))
