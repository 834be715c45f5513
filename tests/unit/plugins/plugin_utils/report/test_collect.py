# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events of tasks as Ansible's callbacks get them, and what the report says of the node then."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.plugin_utils.report.collect import Collector, Event
from ansible_collections.evergreen.fleet.plugins.plugin_utils.report.document import as_json
from ansible_collections.evergreen.fleet.plugins.plugin_utils.report.model import Kind, Node, Report

from .fleet import NEW, OLD, clock, drift, facts, rollout

OSTREE_HOST = "evergreen.fleet.ostree_host"
REBOOT = "evergreen.fleet.node_reboot"
FILE = "ansible.builtin.file"
NO_LOG = {"censored": "the output has been hidden", "changed": True}


def event(module: str, result: dict[str, t.Any], outcome: t.Any = "ok", **others: t.Any) -> Event:
    given = {"changed": bool(result.get("changed")), "check": True, **others}
    return Event("edge1", "Task", module, outcome, result, **given)


def run(*events: Event, failed: t.Collection[str] = (), kind: Kind | None = "drift") -> Report:
    collector = Collector("play.yml", clock())
    collector.play(["edge1"], ["edge1"], kind)
    for each in events:
        collector.event(each)
    return collector.finish(failed)


def node(*events: Event, failed: bool = False) -> Node:
    return run(*events, failed=["edge1"] if failed else []).nodes["edge1"]


def changed(before: t.Any, after: t.Any, **others: t.Any) -> dict[str, t.Any]:
    return {"changed": True, "diff": {"before": before, "after": after, **others}}


@pytest.mark.parametrize(
    ("module", "result", "settings"),
    [
        (OSTREE_HOST, changed({"a": 1, "b": [1]}, {"a": 1, "b": [1, 2]}), [("b", [1], [1, 2])]),
        (OSTREE_HOST, changed({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}), [("a.c", 2, 3)]),
        (OSTREE_HOST, changed({"a": 1}, {"b": 2}), [("a", 1, None), ("b", None, 2)]),
        (OSTREE_HOST, changed({"a": {"b": 1}}, {"a": None}), [("a", {"b": 1}, None)]),
        (OSTREE_HOST, changed("old", "new", after_header="/etc/motd"), [("/etc/motd", "old", "new")]),
        (OSTREE_HOST, changed("old", "new"), [("content", "old", "new")]),
        (FILE, changed({"path": "/a", "mode": "0644"}, {"path": "/a", "mode": "0600"}), [("mode", "0644", "0600")]),
        (FILE, changed("", {"state": "absent"}), [("state", None, "absent")]),
        (
            FILE,
            {"changed": True, "diff": [{"before": {"a": 1}, "after": {"a": 2}}, {"before": {"b": 1}, "after": {}}]},
            [("a", 1, 2), ("b", 1, None)],
        ),
        (FILE, {"changed": True}, []),
    ],
)
def test_settings(module: str, result: dict[str, t.Any], settings: list[t.Any]) -> None:
    found = node(event(module, result))
    assert found.status == "drift"
    assert [dataclasses.astuple(setting) for setting in found.changes[0].settings] == settings
    assert found.changes[0].hidden is None


@pytest.mark.parametrize(
    ("module", "result", "diff", "hidden"),
    [
        (OSTREE_HOST, NO_LOG, True, "no_log"),
        (OSTREE_HOST, changed({"a": 1}, {"a": 2}), False, "diff_off"),
        ("ansible.builtin.template", changed("a secret", "another"), True, "content"),
        ("ansible.builtin.patch", {"changed": True, "diff": {"prepared": "-a secret"}}, True, "content"),
    ],
)
def test_hidden(module: str, result: dict[str, t.Any], diff: bool, hidden: str) -> None:
    found = node(event(module, result, diff=diff))
    assert found.status == "drift"
    assert (found.changes[0].hidden, found.changes[0].settings) == (hidden, ())


def test_steps_are_those_of_our_modules_only() -> None:
    steps = [
        {"argv": ["rpm-ostree", "install", "a b"], "reason": "it is not requested"},
        {"write": "/etc/motd", "reason": "it differs"},
        {"remove": "/etc/issue", "reason": "nobody wants it"},
    ]
    found = node(event(OSTREE_HOST, {"changed": True, "steps": steps}), event(FILE, {"changed": True, "steps": steps}))
    assert [dataclasses.astuple(step) for step in found.changes[0].steps] == [
        ("rpm-ostree install 'a b'", "it is not requested"),
        ("write /etc/motd", "it differs"),
        ("remove /etc/issue", "nobody wants it"),
    ]
    assert found.changes[1].steps == ()


@pytest.mark.parametrize(
    ("happened", "status", "causes"),
    [
        (event(FILE, {"changed": False}), "clean", []),
        (event(FILE, {"changed": True}, check=False), "changed", []),
        (event(FILE, {"skip_reason": "…", "false_condition": "x"}, "skipped"), "clean", []),
        (event(FILE, {"skipped_reason": "…", "results": []}, "skipped", loop=True), "clean", []),
        (event("ansible.builtin.raw", {}, "skipped"), "unknown", ["no_check_mode"]),
        (event("ansible.builtin.raw", {}, "skipped", check=False), "clean", []),
        (event(OSTREE_HOST, {"changed": True, "upgrade": "unknown"}), "unknown", ["only_a_run_can_tell"]),
        (
            event(OSTREE_HOST, {"upgrade": "unknown", **changed({"packages": []}, {"packages": ["a"]})}),
            "drift",
            ["only_a_run_can_tell"],
        ),
        (event(OSTREE_HOST, {"changed": True, "upgrade": "unknown"}, check=False), "changed", []),
        (event(FILE, {"msg": "no"}, "failed", ignored=True), "unknown", ["ignored_failure"]),
        (event(FILE, {"msg": "no"}, "unreachable", ignored=True), "unknown", ["ignored_unreachable"]),
    ],
)
def test_what_a_task_cannot_tell_is_never_clean(happened: Event, status: str, causes: list[str]) -> None:
    found = node(happened)
    assert (found.status, [each.cause for each in found.unknown]) == (status, causes)


@pytest.mark.parametrize(
    ("items", "outcome", "changes", "causes", "messages"),
    [
        ([{"changed": False}, changed({"a": 1}, {"a": 2})], "ok", 1, [], []),
        ([{"skipped": True, "false_condition": "x"}, {"changed": False}], "ok", 0, [], []),
        ([{"skipped": True}, {"changed": False}], "ok", 0, ["no_check_mode"], []),
        ([{"failed": True, "msg": "first"}, {"changed": True}], "failed", 1, [], ["first"]),
        ([{"failed": True, "msg": "a"}, {"failed": True, "msg": "b"}], "failed", 0, [], ["a", "b"]),
        ([NO_LOG, NO_LOG], "failed", 2, [], ["the task hides its result (no_log)"]),
    ],
)
def test_loops(
    items: list[dict[str, t.Any]], outcome: t.Any, changes: int, causes: list[str], messages: list[str]
) -> None:
    result = {"results": items, **({"censored": "hidden"} if "censored" in items[0] else {})}
    found = node(event(FILE, result, outcome, loop=True), failed=outcome == "failed")
    assert len(found.changes) == changes
    assert [each.cause for each in found.unknown] == causes
    assert [failure.message for failure in found.failures] == messages


def test_results_of_a_module_that_has_that_key_are_no_loop() -> None:
    assert node(event(FILE, {"changed": True, "results": [{"name": "a"}]})).status == "drift"


@pytest.mark.parametrize(
    ("events", "failed", "status"),
    [
        ([event(FILE, {"msg": "no"}, "failed")], True, "failed"),
        ([event(FILE, {"msg": "no"}, "failed")], False, "clean"),  # rescued
        ([event(FILE, {"msg": "no"}, "unreachable")], True, "unreachable"),
        (
            [
                event(FILE, {"msg": "no"}, "unreachable", ignored=True),
                event("ansible.builtin.assert", {"msg": "it is not there"}, "failed"),
            ],
            True,
            "unreachable",
        ),
        ([event(FILE, changed({"a": 1}, {"a": 2})), event(FILE, {"msg": "no"}, "failed")], True, "failed"),
        ([], False, "untouched"),
    ],
)
def test_failures(events: list[Event], failed: bool, status: str) -> None:
    found = node(*events, failed=failed)
    assert found.status == status
    assert bool(found.failures) is failed


def host_info(booted: int, *versions: str, needed: bool) -> Event:
    return event(
        "evergreen.fleet.ostree_host_info",
        {
            "deployments": [facts(version) for version in versions],
            "default": 0,
            "booted": booted,
            "reboot_needed": needed,
            "reboot_reason": "a reason",
        },
    )


def reboot(rolled_back: bool, *, outcome: t.Any = "ok", **others: t.Any) -> Event:
    result = {
        "changed": True,
        "rolled_back": rolled_back,
        "booted": facts(OLD if rolled_back else NEW),
        "health": "green",
        "msg": "edge1 is back",
        "reasons": [{"source": "greenboot", "text": "Script '10_zsh.sh' FAILURE"}],
    }
    return event(REBOOT, result, outcome, check=False, **others)


def health(verdict: str, *checks: tuple[str, str], generation: str | None = "rust") -> Event:
    told = [{"name": name, "result": result, "output": f"{name} {result}"} for name, result in checks]
    return event(
        "evergreen.fleet.greenboot_info", {"generation": generation, "verdict": verdict, "checks": told}, check=False
    )


@pytest.mark.parametrize(
    ("events", "booted", "following", "verdict"),
    [
        ([host_info(0, NEW, OLD, needed=False)], NEW, None, None),
        ([host_info(1, NEW, OLD, needed=True)], OLD, NEW, None),
        ([event("evergreen.fleet.ostree_host_info", {"msg": "no rpm-ostree"})], None, None, None),
        ([event(OSTREE_HOST, {"default": facts(NEW), "reboot_needed": True})], None, NEW, None),
        # No reboot is due when what boots next is locked, so this does not say what runs.
        ([event(OSTREE_HOST, {"default": facts(NEW), "reboot_needed": False})], None, None, None),
        ([host_info(1, NEW, OLD, needed=True), reboot(False)], NEW, None, "green"),
        ([host_info(0, NEW, needed=False), event(REBOOT, {"changed": True, "steps": []})], NEW, None, None),
        ([health("red", ("a.sh", "passed"), ("b.sh", "failed"))], None, None, "red"),
        ([health("not_run", generation=None)], None, None, None),
    ],
)
def test_what_runs(events: list[Event], booted: str | None, following: str | None, verdict: str | None) -> None:
    found = node(*events)
    assert (found.booted and found.booted.version) == booted
    assert (found.following and found.following.version) == following
    assert found.verdict == verdict


def test_a_red_node_says_which_check_failed() -> None:
    report = run(health("red", ("a.sh", "passed"), ("b.sh", "failed")))
    found = report.nodes["edge1"]
    assert (found.status, report.exit_status) == ("red", 1)
    assert [dataclasses.astuple(check) for check in found.failed_checks] == [("b.sh", "b.sh failed")]


@pytest.mark.parametrize(
    ("happened", "failed"),
    [
        (reboot(True, outcome="failed"), True),
        (reboot(True, outcome="failed", ignored=True), False),
        (reboot(True), False),  # failed_when let it pass
    ],
)
def test_a_rollback_is_reported_with_its_reasons_whatever_the_play_makes_of_it(happened: Event, failed: bool) -> None:
    found = node(happened, failed=failed)
    assert found.status == "rolled_back"
    assert found.failures[0].message == "edge1 is back"
    assert found.failures[0].reasons[0].source == "greenboot"


@pytest.mark.parametrize(
    ("events", "failed", "kind", "outcome", "exit_status"),
    [
        ([event(FILE, {"changed": False})], [], "drift", "clean", 0),
        ([event(FILE, {"changed": True})], [], "drift", "drift", 2),
        ([event("ansible.builtin.raw", {}, "skipped")], [], "drift", "drift", 2),
        ([event(FILE, {"changed": True}, check=False)], [], "run", "changed", 0),
        ([event(FILE, {"changed": True}), event(FILE, {}, "failed")], ["edge1"], "drift", "failed", 1),
        ([], [], "drift", "failed", 1),  # nobody looked
        ([], [], None, "clean", 0),
    ],
)
def test_outcome(events: list[Event], failed: list[str], kind: Kind | None, outcome: str, exit_status: int) -> None:
    report = run(*events, failed=failed, kind=kind)
    assert (report.outcome, report.exit_status) == (outcome, exit_status)


def test_nodes_that_a_play_does_not_get_to_are_untouched() -> None:
    report = rollout(100)
    assert [(wave.number, len(wave.nodes)) for wave in report.waves] == [(1, 1), (2, 19), (3, 40)]
    assert report.counts["untouched"] == 40
    assert all(wave.finished and wave.started < wave.finished for wave in report.waves)
    assert report.nodes["edge33.leipzig.example"].status == "rolled_back"


def test_the_document_is_the_same_for_the_same_run_and_sorted_as_people_count() -> None:
    assert as_json(drift(12)) == as_json(drift(12))
    names = [each["name"] for each in json.loads(as_json(drift(12)))["nodes"]]
    assert [name.split(".")[0] for name in names] == [f"edge{number}" for number in range(1, 13)]


def test_the_document_counts_every_status() -> None:
    document = json.loads(as_json(drift(40)))
    counts = document["counts"]
    assert counts["nodes"] == sum(counts.values()) - counts["nodes"] == 40
    assert {node["status"] for node in document["nodes"]} == {status for status in counts if counts[status]} - {"nodes"}
