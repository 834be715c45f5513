# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every case in cases/: a state of a host and what is wanted of it give these steps, or this refusal."""

from __future__ import annotations

import shlex
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.plan import HostPlan, plan
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.wanted import Wanted

from .build import CASES, Case, answers, commit, host, params


def planned(case: Case) -> HostPlan:
    wanted = Wanted.from_params(params(case["wanted"]))
    return plan(host(case["state"]), wanted, answers(case.get("answers", {})))


def command(line: str) -> list[str]:
    return [commit(word[1:-1]) if word.startswith("{") else word for word in shlex.split(line)]


@pytest.mark.parametrize("case", [each for each in CASES if "steps" in each], ids=lambda case: case["title"])
def test_steps(case: Case) -> None:
    found = planned(case)
    assert [list(step.argv) for step in found.steps] == [command(line) for line in case["steps"]]
    assert all(step.reason for step in found.steps)
    if "upgrade" in case:
        assert found.update == case["upgrade"]
    if "certain" in case:
        assert bool(found.certain) is case["certain"]
    if "warning" in case:
        assert case["warning"] in " ".join(found.warnings)
    else:
        assert found.warnings == ()
    after = case.get("after", {})
    assert {key: found.plan.after[key] for key in after} == after
    if not case["steps"]:
        assert found.plan.before == found.plan.after


@pytest.mark.parametrize("case", [each for each in CASES if "error" in each], ids=lambda case: case["title"])
def test_refused(case: Case) -> None:
    with pytest.raises(FleetError) as refused:
        planned(case)
    assert case["error"] in refused.value.message


def test_cases_say_what_they_are_about() -> None:
    titles = [case["title"] for case in CASES]
    assert len(titles) == len(set(titles))
    keys: set[str] = set()
    for case in CASES:
        assert {"title", "trap", "state", "wanted"} <= set(case)
        assert ("steps" in case) != ("error" in case)
        keys |= set(case)
    known: t.Final = {"title", "trap", "state", "wanted", "answers", "steps", "error"}
    assert keys - known == {"upgrade", "certain", "warning", "after"}
