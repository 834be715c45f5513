# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What zincati_info returns."""

from __future__ import annotations

import json
import typing as t
import zoneinfo

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed, File
from ansible_collections.evergreen.fleet.plugins.modules.zincati_info import run

from .build import STARTED, FakeNode

PERIODIC = """
[updates]
strategy = "periodic"
[updates.periodic]
time_zone = "{zone}"
[[updates.periodic.window]]
days = ["Thu"]
start_time = "01:00"
length_minutes = 60
"""

SILENT: dict[str, t.Any] = {"metrics": Completed((), 3, "", ""), "status": None, "dead_end": None}


def status(*deployments: dict[str, t.Any], driver: str | None = None) -> Completed:
    document = {"deployments": list(deployments), "update-driver": driver and {"driver-name": driver}}
    return Completed((), 0, json.dumps(document), "")


def survey(**state: t.Any) -> tuple[dict[str, t.Any], FakeNode]:
    node = FakeNode({**state, "answers": {**SILENT, **state.get("answers", {})}})
    found = run(node, {}, False)
    assert json.loads(json.dumps(found)) == found
    assert (found["changed"], node.done) == (False, [])
    return found, node


def test_a_node_that_tells_little() -> None:
    found, node = survey()
    assert node.gathers == 1
    assert found["service"] == {
        "load_state": "loaded",
        "active_state": "active",
        "sub_state": "",
        "unit_file_state": "enabled",
        "result": "",
        "status_text": "x=y",
        "started": STARTED,
    }
    names = ("restart_needed", "next_window", "booted_version", "staged_version", "driver", "dead_end", "last_check")
    assert [found[name] for name in names] == [False, None, None, None, None, False, None]
    assert found["metrics"] is None
    assert "there is no socket" in found["metrics_missing"]
    assert found["complaints"] == []


def test_a_node_that_tells_all() -> None:
    text = "zincati_update_agent_last_refresh_timestamp 1700000000\nzincati_cincinnati_booted_release_is_deadend 0\n"
    waiting = status({"staged": True, "version": "43.2"}, {"booted": True, "version": "43.1"}, driver="Zincati")
    found, _node = survey(answers={"metrics": Completed((), 0, text, ""), "status": waiting})
    assert (found["booted_version"], found["staged_version"], found["driver"]) == ("43.1", "43.2", "Zincati")
    assert (found["last_check"], found["dead_end"], found["metrics_missing"]) == (1700000000, False, None)
    assert found["metrics"]["zincati_cincinnati_booted_release_is_deadend"] == [{"labels": {}, "value": 0}]


def test_an_agent_that_has_never_asked() -> None:
    text = "zincati_update_agent_last_refresh_timestamp 0\n"
    assert survey(answers={"metrics": Completed((), 0, text, "")})[0]["last_check"] is None


def test_a_dead_end() -> None:
    message = b"This release is a dead-end and will not further auto-update: see https://example.com/: now\n"
    found, _node = survey(answers={"dead_end": File(message, 0o644, "root", "root")})
    assert (found["dead_end"], found["dead_end_reason"]) == (True, "see https://example.com/: now")
    text = "zincati_cincinnati_booted_release_is_deadend 1\n"
    found, _node = survey(answers={"metrics": Completed((), 0, text, "")})
    assert (found["dead_end"], found["dead_end_reason"]) == (True, None)


def test_drop_ins_that_nobody_reads() -> None:
    found, _node = survey(drop_ins={"/etc/zincati/config.d/60-x.yaml": "a: b\n"})
    assert found["drop_ins"][1] == {
        "path": "/etc/zincati/config.d/60-x.yaml",
        "used": False,
        "ignored": "its name does not end in .toml",
        "settings": [],
        "windows": 0,
    }


def test_an_agent_that_cannot_start_is_data() -> None:
    found, _node = survey(drop_ins={"/etc/zincati/config.d/60-x.toml": "[identity]\ngroup = 1\n"})
    assert found["complaints"] == ["/etc/zincati/config.d/60-x.toml: identity.group: 1 is of the wrong type"]


def test_a_drop_in_newer_than_the_agent() -> None:
    changed = {"content": "[identity]\ngroup = 'a'\n", "changed": STARTED + 1}
    assert survey(drop_ins={"/etc/zincati/config.d/60-x.toml": changed})[0]["restart_needed"] is True


@pytest.mark.parametrize(
    ("zone", "localtime", "start"),
    [
        ("UTC", None, 3600),
        # The first of January 1970 was a Thursday, and Bissau an hour behind.
        ("Africa/Bissau", None, 7200),
        ("localtime", "/usr/share/zoneinfo/Africa/Bissau", 7200),
        ("localtime", None, 3600),
        ("localtime", "", 3600),
    ],
)
def test_the_next_window(zone: str, localtime: str | None, start: int) -> None:
    zones = {name: rules(name) for name in ("UTC", "Africa/Bissau")}
    drop_in = {"/etc/zincati/config.d/60-x.toml": PERIODIC.format(zone=zone)}
    found, node = survey(drop_ins=drop_in, localtime=localtime, zones=zones)
    assert found["next_window"] == {"open": False, "start": start, "end": start + 3600}
    assert node.gathers == 2


@pytest.mark.parametrize(
    ("zone", "localtime"), [("Europe/Atlantis", None), ("localtime", "/opt/zone"), ("Europe/Rome", None)]
)
def test_no_time_zone(zone: str, localtime: str | None) -> None:
    found, _node = survey(drop_ins={"/etc/zincati/config.d/60-x.toml": PERIODIC.format(zone=zone)}, localtime=localtime)
    assert found["next_window"] is None
    assert found["complaints"] == [f"the node knows no time zone {zone!r}"]


def rules(name: str) -> bytes:
    for folder in zoneinfo.TZPATH:
        try:
            with open(f"{folder}/{name}", "rb") as stream:
                return stream.read()
        except FileNotFoundError:
            continue
    pytest.skip(f"this machine does not know the time zone {name}")
