# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the page says, and that nothing in it is taken for HTML."""

from __future__ import annotations

import html
import re
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.plugin_utils.report.collect import Collector, Event
from ansible_collections.evergreen.fleet.plugins.plugin_utils.report.model import Kind, Report
from ansible_collections.evergreen.fleet.plugins.plugin_utils.report.page import as_html

from .fleet import clock, drift, name, rollout


def text(report: Report) -> str:
    """What a reader sees, in one line."""
    body = as_html(report).partition("<body>")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def small(*results: dict[str, t.Any], failed: bool = False, kind: Kind = "drift") -> Report:
    collector = Collector("play.yml", clock(0.01))
    hosts = [f"edge{number}" for number in range(len(results))]
    collector.play(hosts, hosts, kind)
    for host, result in zip(hosts, results, strict=True):
        outcome: t.Any = "failed" if failed else "ok"
        collector.event(
            Event(host, "Task", "evergreen.fleet.ostree_host", outcome, result, bool(result.get("changed")), check=True)
        )
    return collector.finish(hosts if failed else [])


def differs(before: t.Any, after: t.Any) -> dict[str, t.Any]:
    return {"changed": True, "diff": {"before": {"packages": before}, "after": {"packages": after}}}


@pytest.mark.parametrize(
    ("report", "headline"),
    [
        (small({}), "The node is as wanted"),
        (small({}, {}), "All 2 nodes are as wanted"),
        (small(), "No node was looked at"),
        (small(differs([], ["a"]), {}), "1 drifted, of 2 nodes"),
        (small(differs([], ["a"]), {}, kind="plan"), "1 to change, of 2 nodes"),
        (small({"msg": "no"}, failed=True), "1 failed, of 1 node"),
        (drift(), "2 unreachable, 1 failed, 9 drifted and 1 unknown, of 200 nodes"),
        (rollout(), "1 rolled back and 59 changed, of 200 nodes"),
    ],
)
def test_headline(report: Report, headline: str) -> None:
    page = as_html(report)
    assert f"<h1>{headline}</h1>" in page
    assert f"<title>{headline} | " in page


def test_lists_are_compared_by_their_items() -> None:
    page = as_html(small(differs(["a", "b"], ["b", "c"])))
    lines = re.findall(r'<(del|span|ins) class="line"><span class="mark" aria-hidden="true">(.)</span>(\w)</', page)
    assert lines == [("del", "-", "a"), ("span", " ", "b"), ("span", " ", "b"), ("ins", "+", "c")]


@pytest.mark.parametrize(("value", "said"), [(None, "not there"), ([], "empty"), ("", "empty")])
def test_what_is_not_there_is_said(value: t.Any, said: str) -> None:
    assert f"packages - a {said}" in text(small(differs(["a"], value)))


def test_long_texts_are_shown_around_their_differences() -> None:
    lines = [f"line{number}" for number in range(100)]
    shown = text(small(differs("\n".join(lines), "\n".join([*lines[:50], "new", *lines[51:]]))))
    assert "line2 … 44 lines … line47 line48 line49 - line50 line51" in shown
    assert "+ new line51 line52 line53 … 43 lines … line97 line98 line99" in shown
    assert "line20" not in shown


def test_frequent_differences_come_first_and_once() -> None:
    assert "packages layered_packages : Layer and remove packages edge3.leipzig.example, " in text(drift())
    assert "Differs on several nodes" not in text(small(differs([], ["a"]), {}))


def test_waves_and_what_was_left_alone() -> None:
    shown = text(rollout())
    assert "Wave 3 40 nodes, 14 min 1 rolled back, 39 changed" in shown
    assert "Not started 140 nodes" in shown


def test_the_failing_check_is_named() -> None:
    assert "Script '10_zsh.sh' FAILURE (exit code '1')" in text(rollout())


NASTY = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


def test_what_a_node_says_stays_text() -> None:
    collector = Collector(NASTY, clock())
    collector.play([NASTY], [NASTY], "drift")
    result = {
        "changed": True,
        "msg": NASTY,
        "diff": {"before": {NASTY: NASTY}, "after": {}},
        "steps": [{"write": NASTY, "reason": NASTY}],
    }
    module = "evergreen.fleet.ostree_host"
    collector.event(Event(NASTY, NASTY, module, "ok", result, changed=True, check=True))
    collector.event(Event(NASTY, NASTY, module, "failed", result))
    page = as_html(collector.finish([NASTY]))
    assert "<script" not in page
    assert "<img" not in page
    assert NASTY in html.unescape(page)


def test_every_node_is_on_it_once() -> None:
    shown = text(drift()).split()
    named = [name(number) for number in range(1, 201) if number % 40 != 3 and number % 50 != 8]
    assert [each for each in named if shown.count(each) != 1 and each not in (name(17), name(94))] == []
