# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every case in cases.yml: a node and what is wanted of it give these steps, or this refusal."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.modules.flatcar_update import run

from .build import CASES, CHECKED, Case, CommandError, FakeNode, block, params


def words(step: dict[str, t.Any]) -> str:
    return " ".join(step["argv"]) if "argv" in step else f"write {step['write']}"


@pytest.mark.parametrize("case", [each for each in CASES if "steps" in each], ids=lambda case: case["title"])
def test_steps(case: Case) -> None:
    node = FakeNode(case["state"])
    checked = run(node, params(case["wanted"]), check=True)
    assert (node.gathers, node.done) == (1, [])
    found = run(node, params(case["wanted"]), check=False)
    # Checking foretells the run.
    for key in ("steps", "changed", "diff", "configuration", "warnings"):
        assert found[key] == checked[key]
    assert node.done == [words(step) for step in found["steps"]] == case["steps"]
    assert found["changed"] is bool(case["steps"])
    assert found["upgrade"] == case.get("upgrade", "not_asked")
    assert case.get("warning", "") in " ".join(found["warnings"])
    assert bool(found["warnings"]) is ("warning" in case)
    if "conf" in case:
        assert node.conf == case["conf"]
    for name, value in case.get("configuration", {}).items():
        assert found["configuration"][name] == value
    assert json.loads(json.dumps(found)) == found
    assert "secret" not in json.dumps(found)
    # Again, it is as wanted, in one round trip.
    before = node.gathers
    again = run(node, params(case["wanted"]), check=False)
    assert (again["steps"], again["changed"], node.gathers) == ([], False, before + 1)


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
    known = {
        "title",
        "trap",
        "state",
        "wanted",
        "steps",
        "error",
        "warning",
        "conf",
        "configuration",
        "upgrade",
        "unseen",
    }
    for case in CASES:
        assert {"title", "trap", "state", "wanted"} <= set(case)
        assert ("steps" in case) != ("error" in case)
        assert set(case) <= known


def line(severity: str, place: str, text: str, year: str = "2026") -> str:
    return json.dumps({"MESSAGE": f"{severity}{year}1121 16:53:37.114137  3438 {place}:247] {text}"}) + "\n"


CALM = line("I", "update_attempter.cc", "Processing Done.") + line("W", "omaha_request_action.cc", "odd")
FAILED = line("E", "payload_processor.cc", "Bad signature") + line("E", "update_attempter.cc", "Update failed.")


def test_no_update() -> None:
    node = FakeNode({"update": {"says": block("CHECKING_FOR_UPDATE"), "journal": CALM, "becomes": {"checked": 1001}}})
    found = run(node, params({"upgrade": True}), check=False)
    assert (found["changed"], found["upgrade"]) == (False, "none")
    assert node.done == ["update_engine_client -update"]


def test_whether_there_is_an_update_is_unknown_to_check_mode() -> None:
    node = FakeNode({})
    found = run(node, params({"upgrade": True}), check=True)
    assert (found["changed"], found["upgrade"], node.done) == (True, "unknown", [])


def test_no_update_as_older_clients_say_it() -> None:
    node = FakeNode({"update": {"rc": 1, "becomes": {"checked": 1001}}})
    assert run(node, params({"upgrade": True}), check=False)["upgrade"] == "none"


@pytest.mark.parametrize(
    ("update", "message"),
    [
        # The client ends with 0 in all of them.
        ({"journal": FAILED, "becomes": {"checked": 1001}}, "the update failed: Update failed."),
        (
            {"journal": line("E", "update_attempter.cc", "Update failed.", ""), "becomes": {"checked": 1001}},
            "the update failed",
        ),
        ({"says": block("DOWNLOADING", "3815.2.1", 1001), "becomes": {"checked": 1001}}, "the update failed"),
        ({"journal": FAILED, "becomes": {}}, "the update server gave no good answer: Update failed."),
        ({"becomes": {}}, "the update server gave no good answer"),
        ({"becomes": {"operation": "DOWNLOADING"}}, "update-engine is still at it (UPDATE_STATUS_DOWNLOADING)"),
        ({"becomes": {"operation": "(null)"}}, "what became of the update is unknown"),
    ],
)
def test_a_failed_update_looks_like_none(update: dict[str, t.Any], message: str) -> None:
    with pytest.raises(FleetError) as failed:
        run(FakeNode({"update": update}), params({"upgrade": True}), check=False)
    assert message in failed.value.message
    assert isinstance(failed.value.details["errors"], list)


def test_errors_of_others_do_not_make_an_update_fail() -> None:
    update = {"journal": line("E", "utils.cc", "no such file") + "{}\nno JSON\n[1]\n", "becomes": {"checked": 1001}}
    assert run(FakeNode({"update": update}), params({"upgrade": True}), check=False)["upgrade"] == "none"


def test_a_client_that_aborts() -> None:
    with pytest.raises(CommandError, match="exit code 134"):
        run(FakeNode({"update": {"rc": 134}}), params({"upgrade": True}), check=False)


def test_a_version_that_was_not_installed() -> None:
    update = {"journal": FAILED, "becomes": {"checked": CHECKED}}
    with pytest.raises(FleetError, match=r"version 3815\.2\.1 was not installed: Update failed") as failed:
        run(FakeNode({"update": update}), params({"version": "3815.2.1"}), check=False)
    assert failed.value.details["errors"] == ["Bad signature", "Update failed."]


def test_something_else_that_changes_it_too() -> None:
    class Contested(FakeNode):
        def write(self, path: str, *_what: object, **_more: object) -> None:
            self.done.append(f"write {path}")

    with pytest.raises(FleetError, match="something else changes it too") as refused:
        run(Contested({}), params({"group": "beta"}), check=False)
    assert refused.value.details["steps_left"]
