# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every case in cases/: a state of a node and what is wanted of it give these steps, or this refusal."""

from __future__ import annotations

import shlex
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot.plan import GreenbootPlan, plan
from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot.wanted import Wanted
from ansible_collections.evergreen.fleet.plugins.module_utils.outcome import Step, Write

from .build import CASES, Case, params, state

CONFIG = "/etc/greenboot/greenboot.conf"


def planned(case: Case) -> GreenbootPlan:
    wanted = Wanted.from_params(params(case["wanted"]))
    return plan(state(case["state"], wanted), wanted)


def told(step: Step) -> str:
    report = step.report()
    assert report.pop("reason")
    ((what, value),) = report.items()
    return shlex.join(value) if what == "argv" else f"{what} {value.replace('/etc/greenboot/', '')}"


@pytest.mark.parametrize("case", [each for each in CASES if "steps" in each], ids=lambda case: case["title"])
def test_steps(case: Case) -> None:
    found = planned(case)
    assert [told(step) for step in found.plan.steps] == case["steps"]
    if "config" in case:
        (written,) = (step for step in found.plan.steps if isinstance(step, Write) and step.path == CONFIG)
        assert written.content.decode() == case["config"]
    if "warning" in case:
        assert case["warning"] in " ".join(found.warnings)
    else:
        assert found.warnings == ()
    only_started = [step for step in found.plan.steps if told(step).startswith("systemctl start")]
    assert (found.plan.before == found.plan.after) is (len(found.plan.steps) == len(only_started))


@pytest.mark.parametrize("case", [each for each in CASES if "error" in each], ids=lambda case: case["title"])
def test_refused(case: Case) -> None:
    with pytest.raises(FleetError) as refused:
        planned(case)
    assert case["error"] in refused.value.message


def test_cases_say_what_they_are_about() -> None:
    titles = [case["title"] for case in CASES]
    assert len(titles) == len(set(titles))
    known: t.Final = {"title", "trap", "state", "wanted", "steps", "error", "config", "warning"}
    for case in CASES:
        assert {"title", "trap", "state", "wanted"} <= set(case) <= known
        assert ("steps" in case) != ("error" in case)


def test_what_is_written_is_what_the_report_leaves_out() -> None:
    wanted = Wanted.from_params(
        params({"red_scripts": [{"name": "token", "content": "curl -H secret", "mode": "0700"}]})
    )
    (step,) = plan(state({"generation": "rust"}, wanted), wanted).plan.steps
    assert isinstance(step, Write)
    assert b"secret" in step.content
    assert (step.mode, step.owner, step.group) == (0o700, "root", "root")
    assert "secret" not in str(step.report())
