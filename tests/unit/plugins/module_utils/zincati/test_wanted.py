# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused without a look at the node."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.zincati.wanted import Wanted

from .build import params


def window(days: t.Sequence[str] = ("Sat",), start: str = "22:30", length: int = 60) -> dict[str, t.Any]:
    return {"days": list(days), "start_time": start, "length_minutes": length}


def periodic(*windows: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    return {"strategy": "periodic", "windows": list(windows), **more}


LOCKED = {"strategy": "fleet_lock", "fleet_lock_url": "https://l.example.com/"}


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({}, "give at least one setting"),
        ({"state": "absent", "group": "a"}, "state: absent removes the drop-in, so group"),
        ({"group": "a", "drop_in": "60-evergreen.yaml"}, "drop_in: '60-evergreen.yaml' does not end in .toml"),
        ({"group": "a", "drop_in": "60-evergreen.conf"}, "Zincati ignores every other file"),
        ({"group": "a", "drop_in": "../60-a.toml"}, "write it without a folder"),
        ({"group": "a", "drop_in": ".toml"}, "is no name of a drop-in"),
        ({"group": "a", "absent_drop_ins": ["90-x.yaml"]}, "absent_drop_ins: '90-x.yaml' does not end"),
        ({"group": "a", "absent_drop_ins": ["60-evergreen.toml"]}, "use state: absent"),
        ({"group": "a b"}, "group: 'a b' has other characters"),
        ({"group": ""}, "group: '' has other characters"),
        ({"group": "a_b"}, "group: 'a_b' has other characters"),
        ({"node_uuid": "27e3ac02"}, "node_uuid: '27e3ac02' is no UUID"),
        ({"node_uuid": "27e3ac02-af39-46af995c-9940e18b0cce"}, "is no UUID"),
        ({"rollout_wariness": 1.5}, "rollout_wariness: 1.5 is not from 0.0"),
        ({"rollout_wariness": -0.1}, "rollout_wariness: -0.1 is not from 0.0"),
        ({"rollout_wariness": float("nan")}, "rollout_wariness: nan is not from 0.0"),
        ({"steady_interval_secs": 0}, "steady_interval_secs: 0 is not at least 1"),
        ({"cincinnati_url": "graph.example.com"}, "cincinnati_url: 'graph.example.com' is no http"),
        ({"cincinnati_url": "https://g.example.com/a/b"}, "has a path that does not end in /"),
        ({"cincinnati_url": "https://g.example.com/${version}/"}, "has ${version}, and Zincati knows only basearch"),
        ({"strategy": "fleet_lock"}, "strategy fleet_lock and fleet_lock_url"),
        ({"fleet_lock_url": "https://l.example.com/"}, "strategy fleet_lock and fleet_lock_url"),
        ({**LOCKED, "fleet_lock_user": "edge1"}, "fleet_lock_user and fleet_lock_password go together"),
        ({**LOCKED, "fleet_lock_password": "p"}, "fleet_lock_user and fleet_lock_password go together"),
        ({"group": "a", "fleet_lock_user": "a", "fleet_lock_password": "p"}, "give its address too"),
        ({**LOCKED, "fleet_lock_url": "https://a:p@l.example.com/"}, "write user and password as fleet_lock_user"),
        ({"strategy": "fleet_lock", "fleet_lock_url": "https://l.example.com/lock"}, "fleet_lock_url: "),
        ({"strategy": "fleet_lock", "fleet_lock_url": "ftp://l.example.com/"}, "is no http or https address"),
        ({"strategy": "fleet_lock", "fleet_lock_url": "https://l.example.com/?a=b"}, "without a query"),
        ({"strategy": "periodic"}, "windows: strategy periodic needs at least one"),
        (periodic(), "windows: strategy periodic needs at least one"),
        ({"strategy": "immediate", "windows": [window()]}, "windows is for strategy periodic only"),
        ({"windows": [window()]}, "windows is for strategy periodic only"),
        ({"time_zone": "UTC"}, "time_zone is for strategy periodic only"),
        (periodic(window(), time_zone="../../etc/passwd"), "time_zone: '../../etc/passwd' is no name"),
        (periodic(window(), time_zone="Rome, Italy"), "is no name of a time zone"),
        (periodic(window(), time_zone=""), "is no name of a time zone"),
        (periodic(window(days=[])), "windows: days is empty"),
        (periodic(window(days=["domenica"])), "windows: 'domenica' is no day of the week"),
        (periodic(window(days=["Sat,Sun"])), "is no day of the week"),
        (periodic(window(length=0)), "windows: length_minutes 0 is not from 1 to 10080"),
        (periodic(window(length=-5)), "windows: length_minutes -5"),
        (periodic(window(length=10081)), "windows: length_minutes 10081"),
        (periodic(window(start="1350")), "start_time '1350' is not hh:mm; write it in quotes"),
        (periodic(window(start="24:00")), "start_time '24:00'"),
        (periodic(window(start="22:60")), "start_time '22:60'"),
        (periodic(window(), window()), "Sat 22:30 for 60 minutes and Sat 22:30 for 60 minutes overlap"),
        (periodic(window(days=["Sat", "Saturday"])), "overlap"),
        (periodic(window(days=["Sat", "Sun"], length=1441)), "Sat 22:30 for 1441 minutes and Sun 22:30"),
        (periodic(window(days=["Sun"], start="23:30", length=61), window(days=["Mon"], start="00:30")), "overlap"),
        (periodic(window(days=["Wed"], length=10080), window(days=["Tue"], start="00:00", length=1)), "overlap"),
    ],
)
def test_refused(wanted: dict[str, t.Any], message: str) -> None:
    with pytest.raises(FleetError) as refused:
        Wanted.from_params(params(wanted))
    assert message in refused.value.message


@pytest.mark.parametrize(
    "wanted",
    [
        {"cincinnati_url": "https://updates.coreos.fedoraproject.org"},
        {"cincinnati_url": "http://[2001:db8::1]:80/a/"},
        {"rollout_wariness": 0.0},
        {"rollout_wariness": 1.0},
        {"enabled": False},
        periodic(window(length=10080)),
        periodic(window(days=["Sat", "Sun"], length=1440)),
        # Two that touch do not overlap.
        periodic(window(days=["Sun"], start="23:30", length=60), window(days=["Mon"], start="00:30")),
        periodic(window(), time_zone="America/Argentina/Buenos_Aires"),
        periodic(window(), time_zone="Etc/GMT+12"),
    ],
)
def test_taken(wanted: dict[str, t.Any]) -> None:
    assert Wanted.from_params(params(wanted)).content is not None
