# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole run of quadlet against a fake node: round trips, check mode, and units that do not start."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import CommandError, FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.converge import converge
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.manifest import Manifest
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.owner import NO_USER, NOT_ALLOWED
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.place import place
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.wanted import Wanted

from .fake import HOME, FakeNode, answer, encoded, state, wanted

MOST_ROUND_TRIPS = 3
"""Of a run over ten containers of one owner that changes nothing."""

TEXT = "[Container]\nImage=registry.example.com/web:1\n[Install]\nWantedBy=default.target\n"


def ready(found: Wanted, active: str = "active") -> str:
    """The answer of a node that has the set already."""
    node = state(
        files={each.path: each.content.decode() for each in place(found, (5, 4))},
        units={unit.service: active for unit in found.units},
    )
    manifest = Manifest(
        files=tuple(each.path for each in place(found, (5, 4))),
        units=tuple(unit.pattern for unit in found.units),
    )
    return answer(node, manifest)


def accepted(*services: str) -> str:
    blocks = "".join(f"---{name}---\n[Service]\n" for name in services)
    return f"generator 0 {encoded(blocks.encode())} =\nverify 0 =\n"


def test_ten_containers_that_are_as_wanted() -> None:
    found = wanted({f"web{number}.container": TEXT for number in range(10)})
    node = FakeNode([ready(found)])
    result = converge(node, found, check=False)
    assert result["changed"] is False
    assert result["steps"] == []
    assert node.round_trips <= MOST_ROUND_TRIPS
    assert [unit["active_state"] for unit in result["units"]] == ["active"] * 10


@pytest.mark.parametrize("check", [True, False])
def test_the_first_run(check: bool) -> None:
    found = wanted({"web.container": TEXT})
    node = FakeNode([answer(state()), ready(found)], trial=accepted("web.service"))
    result = converge(node, found, check)
    assert result["changed"] is True
    assert result["started"] == ["web.service"]
    carried_out = ["write", "systemctl --user daemon-reload", "systemctl --user start web.service"]
    assert node.ran == ["trial", *([] if check else carried_out)]
    assert result["units"] == [
        {
            "name": "web.container",
            "service": "web.service",
            "path": f"{HOME}/.config/containers/systemd/web.container",
            "changed": True,
            "active_state": "inactive" if check else "active",
            "sub_state": "dead",
        }
    ]


def test_a_user_that_never_logged_in() -> None:
    """Its secrets can only be looked for when its systemd runs."""
    found = wanted({"web.container": TEXT + "[Container]\nSecret=db\n"})
    closed = answer(state(linger=False, manager=False))
    assert len(converge(FakeNode([closed], trial=accepted("web.service")), found, check=True)["steps"]) == 5
    node = FakeNode([closed, answer(state())])
    with pytest.raises(FleetError, match="needs the secret db"):
        converge(node, found, check=False)
    assert node.ran == ["loginctl enable-linger core", "systemctl start user@1000.service"]


def test_what_the_generator_refuses_is_not_written() -> None:
    node = FakeNode([answer(state())], trial=f"generator 1 = {encoded(b'converting x: bad')}\nverify 0 =\n")
    with pytest.raises(FleetError, match=r"does not accept web\.container: converting x: bad"):
        converge(node, wanted({"web.container": TEXT}), check=False)
    assert node.ran == ["trial"]


@pytest.mark.parametrize(
    ("failing", "after", "sentence"),
    [
        ("start web", "failed", "web.service did not start; the log says why"),
        ("nothing fails", "failed", "web.service started, and then did not stay up"),
    ],
)
def test_a_unit_that_does_not_start(failing: str, after: str, sentence: str) -> None:
    found = wanted({"web.container": TEXT})
    node = FakeNode([answer(state()), ready(found, after)], trial=accepted("web.service"), failing=failing)
    with pytest.raises(FleetError) as refused:
        converge(node, found, check=False)
    assert sentence in refused.value.message
    assert refused.value.details["log"] == {"web.service": ["the log of web.service"]}


def test_what_had_failed_before_explains_nothing() -> None:
    found = wanted({"web.container": TEXT, "idle.container": TEXT.replace("[Install]\nWantedBy=default.target\n", "")})
    ill = state(units={"idle.service": "failed"})
    node = FakeNode(
        [answer(ill), answer(state(units={"idle.service": "failed"}))],
        trial=accepted("web.service", "idle.service"),
        failing="start web",
    )
    with pytest.raises(CommandError, match="systemctl --user of core ended with exit code 1: Job failed"):
        converge(node, found, check=False)


def test_a_pull_that_fails_stops_nothing() -> None:
    found = wanted({"web.container": TEXT.replace(":1", ":2")})
    before = ready(wanted({"web.container": TEXT}))
    trial = f"missing registry.example.com/web:2\n{accepted('web.service')}"
    node = FakeNode([before], trial=trial, failing="podman pull")
    with pytest.raises(CommandError, match="podman pull of core ended with exit code 1"):
        converge(node, found, check=False)
    assert node.ran == ["trial", "podman pull --quiet registry.example.com/web:2"]


@pytest.mark.parametrize(
    ("rc", "sentence"),
    [(NO_USER, "the node has no user core"), (NOT_ALLOWED, "use become"), (1, "does not say what core has")],
)
def test_an_owner_that_is_none(rc: int, sentence: str) -> None:
    with pytest.raises(FleetError, match=sentence):
        converge(FakeNode([], rc=rc), wanted({"web.container": TEXT}), check=False)


@pytest.mark.parametrize("text", ["", "owner 1000 /home/core\n", "owner 1000 /home/core\nfile 644 =!! /x\nunits 0\n\n"])
def test_an_answer_that_is_not_whole(text: t.Any) -> None:
    with pytest.raises(FleetError, match="does not say what core has"):
        converge(FakeNode([text]), wanted({}), check=False)
