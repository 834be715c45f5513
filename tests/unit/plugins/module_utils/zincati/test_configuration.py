# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the agent makes of drop-ins: the vendor's and others as they are, and every way in which one can be wrong."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.zincati.configuration import Configuration, merge
from ansible_collections.evergreen.fleet.plugins.module_utils.zincati.drop_ins import ADMIN, VENDOR, DropIn, ranked
from ansible_collections.evergreen.fleet.plugins.module_utils.zincati.facts import configuration_facts

from .build import FIXTURES

RECORDED = FIXTURES / "zincati"
recorded = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"no drop-ins in {RECORDED}")

URL = '[cincinnati]\nbase_url = "https://graph.example.com"\n'


def drop_in(text: str, name: str = "60-x.toml", folder: str = ADMIN) -> DropIn:
    return DropIn(folder, name, content=text.encode())


def recorded_drop_in(path: pathlib.Path) -> DropIn:
    return DropIn(VENDOR, path.name.replace("dist-", ""), content=path.read_bytes())


@recorded
def test_the_vendors_own() -> None:
    merged = merge(ranked(recorded_drop_in(path) for path in RECORDED.glob("dist-*.toml")))
    assert merged.complaints == ()
    assert configuration_facts(merged) == {
        "enabled": True,
        "allow_downgrade": False,
        "strategy": "immediate",
        "group": "default",
        "node_uuid": None,
        "rollout_wariness": None,
        "cincinnati_url": "https://updates.coreos.fedoraproject.org",
        "fleet_lock_url": None,
        "time_zone": "UTC",
        "steady_interval_secs": 300,
        "windows": [],
    }


@recorded
def test_one_with_everything() -> None:
    merged = merge(ranked([recorded_drop_in(RECORDED / "00-config-sample.toml")]))
    assert merged.complaints == ()
    assert configuration_facts(merged) == {
        "enabled": False,
        "allow_downgrade": True,
        "strategy": "fleet_lock",
        "group": "workers",
        "node_uuid": "27e3ac02af3946af995c9940e18b0cce",
        "rollout_wariness": 0.5,
        "cincinnati_url": "http://cincinnati.example.com:80/",
        "fleet_lock_url": "http://fleet-lock.example.com:8080/",
        "time_zone": "localtime",
        "steady_interval_secs": 35,
        "windows": [
            {"days": ["Sat", "Sun"], "start_time": "23:00", "length_minutes": 120},
            {"days": ["Wed"], "start_time": "23:30", "length_minutes": 25},
        ],
    }


@recorded
def test_windows_add_up_and_the_last_time_zone_counts() -> None:
    merged = merge(ranked(recorded_drop_in(path) for path in RECORDED.glob("[235]*.toml")))
    assert merged.value("time_zone") == "localtime"
    assert [str(window) for window in merged.schedule] == [
        "Tue, Wed 23:00 for 120 minutes",
        "Thu 23:30 for 25 minutes",
        "Sun 00:00 for 2880 minutes",
        "Mon 00:00 for 120 minutes",
        "Wed 23:00 for 30 minutes",
    ]
    assert merged.complaints == ("no drop-in has cincinnati.base_url, the address of the update graph",)


def merged(*texts: str) -> Configuration:
    return merge(
        ranked([drop_in(URL, "10-graph.toml"), *(drop_in(text, f"6{at}.toml") for at, text in enumerate(texts))])
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[updates", "60.toml: "),
        ("updates = 1", "updates: it is no table"),
        ("[updates]\nperiodic = []", "updates.periodic: it is no table"),
        ("[updates]\nenabled = 1", "updates.enabled: 1 is of the wrong type"),
        ('[updates]\nenabled = "yes"', "updates.enabled: 'yes' is of the wrong type"),
        ("[identity]\ngroup = 1", "identity.group: 1 is of the wrong type"),
        ("[identity]\nrollout_wariness = true", "identity.rollout_wariness: True is of the wrong type"),
        ('[identity]\nrollout_wariness = "0.5"', "identity.rollout_wariness: '0.5' is of the wrong type"),
        ("[identity]\nrollout_wariness = 1.1", "identity.rollout_wariness: 1.1 is not from 0.0"),
        ("[identity]\nrollout_wariness = nan", "identity.rollout_wariness: nan is not from 0.0"),
        ('[identity]\ngroup = "a b"', "identity.group: 'a b' has other characters"),
        ('[identity]\nnode_uuid = "abc"', "identity.node_uuid: 'abc' is no UUID"),
        ("[agent.timing]\nsteady_interval_secs = 0", "agent.timing.steady_interval_secs: 0 is not at least 1"),
        ("[agent.timing]\nsteady_interval_secs = 0.5", "steady_interval_secs: 0.5 is of the wrong type"),
        ('[updates]\nstrategy = "remote_http"', "updates.strategy: 'remote_http' is none of immediate"),
        ('[updates]\nstrategy = "fleet_lock"', "the strategy is fleet_lock and no drop-in has"),
        ('[updates]\nstrategy = "periodic"', "the strategy is periodic and no drop-in has a window"),
        ('[updates.periodic]\ntime_zone = ""', "updates.periodic.time_zone: '' is no name of a time zone"),
        ("[updates.periodic]\nwindow = 1", "updates.periodic.window: it is no list of tables"),
        ("[updates.periodic]\nwindow = [1]", "a window has days, start_time and length_minutes"),
        ('[[updates.periodic.window]]\ndays = ["Sat"]', "a window has days, start_time and length_minutes"),
        ('[cincinnati]\nbase_url = ""', "no drop-in has cincinnati.base_url"),
    ],
)
def test_an_agent_that_would_not_start(text: str, complaint: str) -> None:
    (found,) = merged(text).complaints
    assert complaint in found


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"days": '"Sat"'}, "days: 'Sat' is no list of texts"),
        ({"days": '["Sat", "domenica"]'}, "days: 'domenica' is none of Mon"),
        ({"start_time": '"25:00"'}, "start_time: '25:00' is no time of the day"),
        ({"start_time": '"23"'}, "start_time: '23' is not hh:mm"),
        ({"start_time": '"-1:00"'}, "start_time: '-1:00' is not hh:mm"),
        ({"start_time": "23:30:00"}, "is not hh:mm"),
        ({"length_minutes": "0"}, "length_minutes: 0 is not from 1 to 10080"),
        ({"length_minutes": "10081"}, "length_minutes: 10081 is not from 1"),
        ({"length_minutes": "60.0"}, "length_minutes: 60.0 is not from 1"),
        ({"length_minutes": "true"}, "length_minutes: True is not from 1"),
    ],
)
def test_windows_that_the_agent_does_not_take(keys: dict[str, str], complaint: str) -> None:
    values = {"days": '["Sat"]', "start_time": '"22:30"', "length_minutes": "60", **keys}
    lines = "\n".join(f"{key} = {value}" for key, value in values.items())
    (found,) = merged(f"[[updates.periodic.window]]\n{lines}\n").complaints
    assert complaint in found


def test_keys_that_the_agent_does_not_know() -> None:
    assert merged("colour = 1\n[updates]\nschedule = 'never'\n[identity]\nwariness = 'a'\n").complaints == ()


def test_later_names_override_single_settings() -> None:
    found = merged('[identity]\ngroup = "a"\nrollout_wariness = 0.1\n', '[identity]\ngroup = "b"\n')
    assert (found.value("group"), found.settings["group"].path) == ("b", f"{ADMIN}/61.toml")
    assert found.value("rollout_wariness") == 0.1


def test_an_empty_text_means_the_default() -> None:
    found = merged(
        '[identity]\ngroup = "a"\n[updates]\nstrategy = "periodic"\n',
        '[identity]\ngroup = ""\n[updates]\nstrategy = ""',
    )
    assert found.complaints == ()
    assert (found.value("group"), found.value("strategy")) == ("default", "immediate")


@pytest.mark.parametrize("start", ["7:5", "07:05", "7:05"])
def test_start_times_as_the_agent_takes_them(start: str) -> None:
    table: dict[str, t.Any] = {"days": ["sunday", "MON"], "start_time": start}
    text = f'[[updates.periodic.window]]\ndays = {table["days"]}\nstart_time = "{start}"\nlength_minutes = 5\n'
    (window,) = merged(text).schedule
    assert (window.days, window.start_time) == (("Mon", "Sun"), "07:05")
