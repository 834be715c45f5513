# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""playbooks/rollout.yml over nodes that stand in for real ones: what it does in which order, and where it stops."""

from __future__ import annotations

import datetime
import json
import typing as t
from pathlib import Path

import pytest

from .conftest import Fleet

WAVES = {"fleet_waves": [1, 2, "100%"], "fleet_os_version": "2"}


def test_waves(fleet: Fleet) -> None:
    assert fleet.run(WAVES) == 0, fleet.printed
    assert fleet.versions() == ["2"] * 4
    log = fleet.log()
    assert log[:2] == ["n1 ostree_host done", "n1 node_reboot done"]
    # In a wave everybody has staged before anybody reboots.
    assert [line.split()[1] for line in log[2:6]] == ["ostree_host"] * 2 + ["node_reboot"] * 2
    assert {line.split()[0] for line in log[2:6]} == {"n2", "n3"}
    assert [list(wave["nodes"]) for wave in fleet.report()["waves"]] == [["n1"], ["n2", "n3"], ["n4"]]
    assert "n2, n3: well, on 2; 3 of 4 done" in fleet.printed

    assert fleet.run(WAVES) == 0
    assert fleet.statuses() == ["clean"] * 4
    assert [node["boots"] for node in fleet.state().values()] == [1] * 4


def test_a_bad_version_reaches_one_node_and_costs_none(fleet: Fleet) -> None:
    assert fleet.run({**WAVES, "fleet_os_version": "3-bad"}) == 2
    assert fleet.versions() == ["1"] * 4
    assert fleet.statuses() == ["rolled_back", "untouched", "untouched", "untouched"]
    assert "50_release.sh" in json.dumps(fleet.report()["nodes"][0])
    assert len(fleet.report()["waves"]) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        {"away": True},
        {"away_at": "ostree_host"},
        {"dies_in_reboot": True},
        {"red": True},
    ],
    ids=lambda trouble: "-".join(map(str, *trouble.items())),
)
def test_trouble_in_the_second_wave_stops_the_third_and_the_next_run_resumes(
    fleet: Fleet, trouble: dict[str, t.Any]
) -> None:
    fleet.put("n2", **trouble)
    assert fleet.run(WAVES) == 2
    assert fleet.versions()[0] == "2"
    assert fleet.versions()[3] == "1"
    assert fleet.statuses()[3] == "untouched"
    assert not any(line.startswith("n4 ") for line in (fleet.nodes / "log").read_text().splitlines())

    fleet.put("n2", away=False, away_at=None, dies_in_reboot=False, red=False)
    assert fleet.run(WAVES) == 0, fleet.printed
    assert fleet.versions() == ["2"] * 4
    assert fleet.state()["n1"]["boots"] == 1, "what was done is not done again"


def test_outside_of_the_window_it_waits(fleet: Fleet) -> None:
    tomorrow = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).strftime("%a")
    later = [{"days": [tomorrow], "start_time": "12:00", "length_minutes": 1}]
    assert fleet.run({**WAVES, "fleet_reboot_windows": later}) == 2
    assert fleet.state()["n1"]["staged"] == "2"
    assert fleet.versions()[1:] == ["1"] * 3
    assert fleet.run(WAVES) == 0
    assert fleet.versions() == ["2"] * 4


def test_checks_alone(fleet: Fleet) -> None:
    """Without an update: no reboot, and the wave is watched all the same."""
    checks = [{"name": "release", "content": "true\n"}]
    wanted = {**WAVES, "fleet_os_version": "1", "health_checks_required": checks}
    assert fleet.run(wanted) == 0, fleet.printed
    state = fleet.state().values()
    assert all(node["checks"] and not node["boots"] for node in state)
    assert fleet.printed.count("TASK [Watch the wave for a while]") == 3
    watched = "TASK [Watch the wave for a while] *"
    assert all("skipping" not in part.split("TASK")[0] for part in fleet.printed.split(watched)[1:])
    assert fleet.run(wanted) == 0
    assert all("skipping" in part.split("TASK")[0] for part in fleet.printed.split(watched)[1:])


@pytest.mark.parametrize("bad", [False, True], ids=["good", "bad"])
def test_a_controller_that_dies(tmp_path: Path, bad: bool) -> None:
    """At whatever moment, and started again: the fleet is as after an undisturbed run."""
    wanted = {"fleet_waves": [1, "100%"], "fleet_os_version": "2-bad" if bad else "2"}
    calm = Fleet(tmp_path / "calm", "n1", "n2")
    assert calm.run(wanted) == (2 if bad else 0)
    calls = len((calm.nodes / "log").read_text().splitlines())
    for moment in range(4, calls + 1, calls // 2):
        fleet = Fleet(tmp_path / str(moment), "n1", "n2")
        assert fleet.run(wanted, kill_at=moment) == -9
        assert fleet.run(wanted) == (2 if bad else 0), (moment, fleet.printed)
        assert [node["booted"] for node in fleet.state().values()] == [node["booted"] for node in calm.state().values()]
        assert not any(node["staged"] for node in fleet.state().values())
        # A node that the first run has brought back may be tried once more; a good one is left alone.
        assert all(node["boots"] <= (2 if bad else 1) for node in fleet.state().values())
