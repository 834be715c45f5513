# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role costs over ten containers of one owner that are as wanted: calls of the Node, each a round trip."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed, File, Source
from ansible_collections.evergreen.fleet.plugins.module_utils.podman import timer
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.manifest import Manifest
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.place import place
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.wanted import Wanted
from ansible_collections.evergreen.fleet.plugins.modules import podman_auto_update, quadlet
from ansible_collections.evergreen.fleet.plugins.plugin_utils.workloads.sets import workload_sets

from .fake import answer, state

MOST_ROUND_TRIPS = 2

TEN = [
    {
        "name": f"web{number}",
        "image": f"registry.example.com/web{number}:prod",
        "ports": [f"{8080 + number}:80"],
        "on_demand": number < 5,
        "auto_update": True,
        "environment": {"NUMBER": number},
    }
    for number in range(10)
]
TIMER = {"on_calendar": ["Sat 03:00"], "randomized_delay": "1h"}


@dataclass
class Node:
    """Answers what it is asked, counts the questions, and can change nothing."""

    state: str
    name: str = "edge-1"
    round_trips: int = 0

    def gather(self, sources: t.Mapping[str, Source]) -> dict[str, Completed | File | None]:
        self.round_trips += 1
        return {
            name: Completed(tuple(each), 0, self.state if name == "state" else "", "") for name, each in sources.items()
        }

    def run(self, argv: t.Sequence[str], **_more: t.Any) -> Completed:
        raise AssertionError(f"nobody expected to run {argv}")

    def read(self, paths: t.Iterable[str]) -> dict[str, File | None]:
        raise AssertionError(f"nobody expected to read {list(paths)}")

    def write(self, path: str, *_what: t.Any, **_more: t.Any) -> None:
        raise AssertionError(f"nobody expected to write {path}")

    def remove(self, path: str) -> None:
        raise AssertionError(f"nobody expected to remove {path}")


def params(module: t.Any, **given: t.Any) -> dict[str, t.Any]:
    """As Ansible gives them to the module."""
    found = ArgumentSpecValidator(module.ARGUMENT_SPEC).validate(given)
    assert not found.error_messages
    return t.cast("dict[str, t.Any]", found.validated_parameters)


def test_ten_containers_as_wanted_and_their_timer() -> None:
    owner = workload_sets(TEN, user="core", name="web")["core"]
    assert owner.pop("auto_update") is True
    given = params(quadlet, name="web", user="core", **owner)
    wanted = Wanted.from_params(given)
    targets = place(wanted, (5, 4))
    schedule = timer.Timer(True, tuple(TIMER["on_calendar"]), str(TIMER["randomized_delay"]))
    found = state(
        files={
            **{each.path: each.content.decode() for each in targets},
            timer.drop_in("core"): schedule.content,
        },
        units={
            timer.NAME: "active enabled",
            # What Quadlet makes is enabled by it.
            **{each.service: "active" if each.quadlet else "active enabled" for each in wanted.units if each.installed},
        },
    )
    manifest = Manifest(tuple(each.path for each in targets), tuple(unit.pattern for unit in wanted.units))
    node = Node(answer(found, manifest))
    assert quadlet.run(node, given, False)["steps"] == []
    auto_update = params(podman_auto_update, user="core", update=False, timer=TIMER)
    assert podman_auto_update.run(node, auto_update, False)["changed"] is False
    assert node.round_trips <= MOST_ROUND_TRIPS
