# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every case in cases.yml: a node and what is wanted of it give these steps, or this refusal."""

from __future__ import annotations

import json

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed
from ansible_collections.evergreen.fleet.plugins.modules.zincati import run

from .build import ADMIN, CASES, Case, FakeNode, params

OURS = f"{ADMIN}/60-evergreen.toml"


def words(step: dict[str, object]) -> str:
    if "argv" in step:
        return " ".join(step["argv"])  # type: ignore[arg-type]
    return f"write {step['write']}" if "write" in step else f"remove {step['remove']}"


@pytest.mark.parametrize("case", [each for each in CASES if "steps" in each], ids=lambda case: case["title"])
def test_steps(case: Case) -> None:
    node = FakeNode(case["state"])
    checked = run(node, params(case["wanted"]), check=True)
    assert (node.gathers, node.done) == (1, [])
    found = run(node, params(case["wanted"]), check=False)
    # Checking foretells the run.
    assert found == checked
    assert node.done == [words(step) for step in found["steps"]] == case["steps"]
    assert node.gathers == (3 if case["steps"] else 2)
    assert found["changed"] is bool(case["steps"])
    assert found["changed"] is (found["diff"]["before"] != found["diff"]["after"]) or case.get("unseen", False)
    assert case.get("warning", "") in " ".join(found["warnings"])
    assert bool(found["warnings"]) is ("warning" in case)
    for name, value in case.get("configuration", {}).items():
        assert found["configuration"][name] == value
    assert json.loads(json.dumps(found)) == found
    # Again, it is as wanted, in one round trip.
    again = run(node, params(case["wanted"]), check=False)
    assert (again["steps"], again["changed"]) == ([], False)
    assert node.gathers == (4 if case["steps"] else 3)


@pytest.mark.parametrize("case", [each for each in CASES if "error" in each], ids=lambda case: case["title"])
def test_refused(case: Case) -> None:
    node = FakeNode(case["state"])
    with pytest.raises(FleetError) as refused:
        run(node, params(case["wanted"]), check=False)
    assert case["error"] in refused.value.message
    assert node.done == []


def test_cases_say_what_they_are_about() -> None:
    titles = [case["title"] for case in CASES]
    assert len(titles) == len(set(titles))
    for case in CASES:
        assert {"title", "trap", "state", "wanted"} <= set(case)
        assert ("steps" in case) != ("error" in case)
        assert set(case) <= {"title", "trap", "state", "wanted", "steps", "error", "warning", "configuration", "unseen"}


def test_the_drop_in() -> None:
    node = FakeNode({"localtime": "/usr/share/zoneinfo/Europe/Rome"})
    windows = [
        {"days": ["sunday", "Sat"], "start_time": "7:05", "length_minutes": 60},
        {"days": ["TUESDAY"], "start_time": "22:30", "length_minutes": 90},
    ]
    wanted = {
        "rollout_wariness": 0.0,
        "group": "workers",
        "enabled": True,
        "strategy": "periodic",
        "time_zone": "localtime",
        "windows": windows,
        "node_uuid": "27E3AC02-AF39-46AF-995C-9940E18B0CCE",
        "steady_interval_secs": 30,
    }
    run(node, params(wanted), check=False)
    assert node.files[OURS]["content"] == (
        """# Written by Ansible, module evergreen.fleet.zincati: changes made here are lost.

[agent.timing]
steady_interval_secs = 30

[identity]
group = "workers"
node_uuid = "27e3ac02af3946af995c9940e18b0cce"
rollout_wariness = 0.0

[updates]
enabled = true
strategy = "periodic"

[updates.periodic]
time_zone = "localtime"

[[updates.periodic.window]]
days = ["Sat", "Sun"]
start_time = "07:05"
length_minutes = 60

[[updates.periodic.window]]
days = ["Tue"]
start_time = "22:30"
length_minutes = 90
"""
    )


def test_an_agent_that_does_not_start_says_why() -> None:
    journal = Completed((), 0, "starting update agent\nfailed to assemble configuration settings\n", "")
    node = FakeNode({"fails": "systemctl restart zincati.service", "answers": {"journal": journal}})
    with pytest.raises(FleetError, match=r"zincati\.service failed: failed to assemble") as refused:
        run(node, params({"group": "workers"}), check=False)
    assert refused.value.details["journal"] == journal.stdout.splitlines()
    # The next run goes on where this one ended.
    node.fails = ""
    assert [words(step) for step in run(node, params({"group": "workers"}), check=False)["steps"]] == [
        "systemctl restart zincati.service"
    ]


def test_something_else_that_changes_it_too() -> None:
    class Contested(FakeNode):
        def write(self, path: str, *_what: object, **_more: object) -> None:
            self.done.append(f"write {path}")

    with pytest.raises(FleetError, match="something else changes it too") as refused:
        run(Contested({}), params({"group": "workers"}), check=False)
    assert refused.value.details["steps_left"]


def test_a_password_is_in_the_drop_in_only() -> None:
    node = FakeNode({})
    url = {"strategy": "fleet_lock", "fleet_lock_url": "https://l.example.com/"}
    wanted = params({**url, "fleet_lock_user": "edge 1", "fleet_lock_password": "p@ss"})
    for done in (run(node, wanted, check=False), run(node, wanted, check=False)):
        assert 'base_url = "https://edge%201:p%40ss@l.example.com/"' in node.files[OURS]["content"]
        assert "p%40ss" not in json.dumps(done)
        assert "p@ss" not in json.dumps(done)
        assert done["configuration"]["fleet_lock_url"] == "https://edge%201:***@l.example.com/"
    assert not done["changed"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "this node has no systemctl"),
        (Completed(("systemctl",), 1, "", "Failed to connect to bus\n"), "exit code 1: Failed to connect to bus"),
        (Completed(("systemctl",), 0, "LoadState=not-found\n", ""), "this node has no zincati.service"),
    ],
)
def test_a_node_without_zincati(answer: Completed | None, message: str) -> None:
    class Other(FakeNode):
        def _look(self, name: str, source: object) -> Completed | None:
            return answer if name == "service" else super()._look(name, source)  # type: ignore[arg-type,return-value]

    with pytest.raises(FleetError, match=message):
        run(Other({}), params({"group": "workers"}), check=False)
