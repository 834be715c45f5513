# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""podman auto-update as data: its document, the two ways to update, the timer, and a node on which updates go wrong."""

from __future__ import annotations

import json
import pathlib
import typing as t
from dataclasses import dataclass, field

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed, File, Source, completed
from ansible_collections.evergreen.fleet.plugins.module_utils.podman import timer
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.autoupdate import Unreadable, parse
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.keep import Request, keep_current
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.state import State

from .fake import UNITS, answer, state

FIXTURES = pathlib.Path(__file__).parents[5].parent / "shared" / "fixtures" / "podman"

needs_fixtures = pytest.mark.skipif(not FIXTURES.is_dir(), reason=f"no documents of podman auto-update in {FIXTURES}")

DOCUMENTS = {
    "auto-update-dry-run-none-pending.json": [("web.service", "unchanged")],
    "auto-update-dry-run-pending.json": [("db.service", "pending"), ("web.service", "unchanged")],
    "auto-update-failed.json": [("cache.service", "failed"), ("web.service", "updated")],
    "auto-update-no-eligible-containers.json": [],
    "auto-update-rolled-back-pod.json": [("app-pod.service", "rolled_back"), ("app-pod.service", "rolled_back")],
    "auto-update-updated.json": [("web.service", "updated")],
}


@needs_fixtures
def test_no_document_is_forgotten() -> None:
    assert {path.name for path in FIXTURES.glob("*.json")} == set(DOCUMENTS)


@needs_fixtures
@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents(name: str) -> None:
    found = parse((FIXTURES / name).read_text(encoding="utf-8"))
    assert [(each.unit, each.outcome) for each in found] == DOCUMENTS[name]
    assert all(each.name and each.image and each.policy in ("registry", "local") for each in found)


@pytest.mark.parametrize("text", ["Error", "{}", '[{"Unit": "x"}]', "[1]", '[{"Updated": "maybe"}]'])
def test_no_documents(text: str) -> None:
    with pytest.raises(Unreadable):
        parse(text)


def document(*rows: str) -> str:
    """From "web.service pending": what podman prints."""
    found = []
    for row in rows:
        unit, updated = row.split(" ", 1)
        name = unit.partition(".")[0]
        found.append(
            {
                "Unit": unit,
                "Container": f"0123 ({name})",
                "ContainerName": name,
                "ContainerID": "0123",
                "Image": f"registry.example.com/{name}:prod",
                "Policy": "local" if name == "here" else "registry",
                "Updated": updated,
            }
        )
    return json.dumps(found, indent=4) if found else ""


@dataclass
class Podman:
    """A node. ``broken`` are commands that fail, by words of theirs, each as often as it is listed."""

    looks: str = ""
    updates: str = ""
    rc: int = 0
    broken: list[str] = field(default_factory=list)
    bad_times: tuple[str, ...] = ()
    found: State = field(default_factory=state)
    name: str = "edge-1"
    ran: list[str] = field(default_factory=list)

    def gather(self, sources: t.Mapping[str, Source]) -> dict[str, Completed | File | None]:
        return {name: self._look(name, tuple(source)) for name, source in sources.items()}

    def _look(self, name: str, argv: tuple[str, ...]) -> Completed:
        if name == "state":
            return Completed(argv, 0, answer(self.found), "")
        if name == "auto-update":
            assert "--dry-run" in argv
            return Completed(argv, self.rc, self.looks, "Trying to pull\nError: no route" if self.rc else "")
        if argv[0] == "journalctl":
            return Completed(argv, 0, "why", "")
        assert argv[0] == "systemd-analyze"
        return Completed(argv, 1 if name in self.bad_times else 0, "", "")

    def run(
        self,
        argv: t.Sequence[str],
        stdin: bytes | None = None,
        ok: t.Collection[int] = (0,),
        timeout: float | None = None,
    ) -> Completed:
        assert timeout is None
        command = " ".join(argv[5:] if argv[0] == "sh" else argv)
        if command.startswith("sh -c"):
            assert stdin is not None
            command = "write"
        self.ran.append(command)
        broken = next((words for words in self.broken if words in command), None)
        if broken is not None:
            self.broken.remove(broken)
        stdout = ""
        if command.startswith("podman auto-update"):
            stdout = self.updates
        elif "{{.Image}}" in command:
            stdout = f"old-{argv[-1]}\n"
        rc = 125 if broken else 0
        return completed(argv, rc, stdout.encode(), b"Error: out of order" if broken else b"", ok=ok, node=self.name)

    def read(self, paths: t.Iterable[str]) -> dict[str, File | None]:
        raise AssertionError(f"nobody expected to read {list(paths)}")

    def write(self, path: str, *_what: t.Any, **_more: t.Any) -> None:
        raise AssertionError(f"nobody expected to write {path}")

    def remove(self, path: str) -> None:
        raise AssertionError(f"nobody expected to remove {path}")


def request(**params: t.Any) -> Request:
    defaults = {
        "user": "core",
        "update": True,
        "units": None,
        "rollback": True,
        "authfile": None,
        "tls_verify": None,
        "fail_on": ["failed", "rolled_back"],
        "timer": None,
    }
    return Request.from_params({**defaults, **params})


def outcomes(result: dict[str, t.Any]) -> dict[str, str]:
    return {each["unit"]: each["outcome"] for each in result["containers"]}


PODMAN = "podman auto-update --format=json"
BOTH = document("web.service pending", "db.service pending", "log.service false")


@pytest.mark.parametrize("looks", ["", document("web.service false")])
def test_nothing_to_do(looks: str) -> None:
    node = Podman(looks)
    result = keep_current(node, request(), check=False)
    assert (result["changed"], node.ran) == (False, [])


def test_check_mode_is_the_dry_run() -> None:
    node = Podman(BOTH)
    result = keep_current(node, request(), check=True)
    assert result["changed"] is True
    assert outcomes(result) == {"db.service": "pending", "log.service": "unchanged", "web.service": "pending"}
    assert node.ran == []
    assert result["diff"]["after"]["containers"]["web.service web"] == "updated"


def test_podman_updates_everything() -> None:
    node = Podman(BOTH, document("web.service true", "db.service false", "log.service false"))
    result = keep_current(node, request(rollback=False, tls_verify=False, authfile="/a"), check=False)
    assert node.ran == [f"{PODMAN} --authfile=/a --tls-verify=false --rollback=false"]
    assert outcomes(result) == {"db.service": "unchanged", "log.service": "unchanged", "web.service": "updated"}
    assert result["changed"] is True


def test_an_update_that_was_gone_when_podman_came_to_it_is_no_change() -> None:
    node = Podman(document("web.service pending"), document("web.service false"))
    assert keep_current(node, request(), check=False)["changed"] is False


INSPECT = [
    "podman container inspect --format={{.Image}} web",
    'podman container inspect --format={{index .Config.Labels "io.containers.autoupdate.authfile"}} web',
]
PULL = "podman pull --quiet registry.example.com/web:prod"
RESTART = "systemctl --user restart web.service"
BACK = "podman tag old-web registry.example.com/web:prod"


@pytest.mark.parametrize(
    ("broken", "rollback", "commands", "outcome"),
    [
        ([], True, [*INSPECT, PULL, RESTART], "updated"),
        ([RESTART], True, [*INSPECT, PULL, RESTART, BACK, RESTART], "rolled_back"),
        ([RESTART, RESTART], True, [*INSPECT, PULL, RESTART, BACK, RESTART], "failed"),
        ([RESTART], False, [*INSPECT, PULL, RESTART], "failed"),
    ],
)
def test_one_unit_of_several(broken: list[str], rollback: bool, commands: list[str], outcome: str) -> None:
    node = Podman(BOTH, broken=list(broken))
    result = keep_current(node, request(units=["web.service"], rollback=rollback, fail_on=[]), check=False)
    assert node.ran == commands
    assert outcomes(result) == {"db.service": "pending", "log.service": "unchanged", "web.service": outcome}
    assert result["changed"] is True


def test_a_pull_that_fails_restarts_nothing() -> None:
    node = Podman(BOTH, broken=[PULL])
    with pytest.raises(FleetError, match="Error: out of order") as refused:
        keep_current(node, request(units=["web.service"], fail_on=[]), check=False)
    assert node.ran == [*INSPECT, PULL, BACK]
    assert outcomes(refused.value.details)["web.service"] == "failed"


def test_an_image_of_the_node_itself_is_not_pulled() -> None:
    node = Podman(document("here.service pending"))
    result = keep_current(node, request(units=["here.service", "gone.service"]), check=False)
    assert [command.split()[1] for command in node.ran] == ["container", "--user"]
    assert result["warnings"] == ["gone.service runs no container with AutoUpdate=, so there is nothing to update"]


@pytest.mark.parametrize(
    ("updated", "fail_on", "sentence"),
    [
        (
            "rolled back",
            ["failed", "rolled_back"],
            "web.service (registry.example.com/web:prod) did not start",
        ),
        ("failed", ["failed"], "web.service (registry.example.com/web:prod) was not updated"),
        ("rolled back", ["failed"], None),
        ("failed", [], None),
    ],
)
def test_what_goes_wrong_fails_unless_told_otherwise(updated: str, fail_on: list[str], sentence: str | None) -> None:
    node = Podman(document("web.service pending"), document(f"web.service {updated}"))
    if sentence is None:
        assert keep_current(node, request(fail_on=fail_on), check=False)["changed"] is True
        return
    with pytest.raises(FleetError) as refused:
        keep_current(node, request(fail_on=fail_on), check=False)
    assert sentence in refused.value.message
    assert refused.value.details["log"] == {"web.service": ["why"]}
    assert outcomes(refused.value.details) == {"web.service": updated.replace(" ", "_")}


@pytest.mark.parametrize("check", [True, False])
def test_a_registry_that_does_not_answer_keeps_nobody_else_waiting(check: bool) -> None:
    """podman lists what it could not look up as failed, and was recorded to do so in the dry run too."""
    looks = document("web.service pending", "db.service failed")
    node = Podman(looks, document("web.service true", "db.service failed"), rc=125)
    with pytest.raises(FleetError) as refused:
        keep_current(node, request(), check)
    assert refused.value.message == "db.service (registry.example.com/db:prod) was not updated: Error: no route"
    assert outcomes(refused.value.details) == {"db.service": "failed", "web.service": "pending" if check else "updated"}
    assert refused.value.details["log"] == {}
    assert refused.value.details["changed"] is True


@pytest.mark.parametrize("looks", ["", document("web.service failed")])
@pytest.mark.parametrize("fail_on", [[], ["failed"]])
def test_a_registry_that_does_not_answer_is_no_change(looks: str, fail_on: list[str]) -> None:
    node = Podman(looks, rc=125)
    with pytest.raises(FleetError, match="Error: no route") as refused:
        keep_current(node, request(fail_on=fail_on), check=False)
    assert node.ran == []
    assert refused.value.details["changed"] is False


def test_a_node_without_podman_or_an_answer() -> None:
    with pytest.raises(FleetError, match="the node has no podman"):
        keep_current(Podman(found=state(podman=None)), request(), check=False)
    with pytest.raises(FleetError, match="gave no document: Error: no route"):
        keep_current(Podman("oops", rc=125), request(), check=False)
    with pytest.raises(FleetError, match=r"tls_verify: podman auto-update knows it from 4\.6 on"):
        keep_current(Podman(found=state(podman=(4, 5))), request(tls_verify=True), check=False)


DROP_IN = f"{UNITS}/podman-auto-update.timer.d/50-evergreen.conf"
SCHEDULE = "# Written by evergreen.fleet.podman_auto_update.\n[Timer]\nOnCalendar=\nOnCalendar=hourly\n"
RELOAD = "systemctl --user daemon-reload"
NAME = "podman-auto-update.timer"


@pytest.mark.parametrize(
    ("params", "files", "words", "commands"),
    [
        ({}, {}, "active enabled", []),
        ({}, {}, "inactive", [f"systemctl --user enable --now {NAME}"]),
        ({"enabled": False}, {}, "inactive", []),
        ({"enabled": False}, {}, "active enabled", [f"systemctl --user disable --now {NAME}"]),
        ({"on_calendar": ["hourly"]}, {DROP_IN: SCHEDULE}, "active enabled", []),
        ({"on_calendar": ["hourly"]}, {}, "active enabled", ["write", RELOAD, f"systemctl --user restart {NAME}"]),
        ({}, {DROP_IN: SCHEDULE}, "active enabled", ["write", RELOAD, f"systemctl --user restart {NAME}"]),
    ],
)
def test_the_timer(params: dict[str, t.Any], files: dict[str, str], words: str, commands: list[str]) -> None:
    node = Podman(found=state(files=files, units={NAME: words}))
    wanted = {"enabled": True, "on_calendar": [], "randomized_delay": None, **params}
    result = keep_current(node, request(update=False, timer=wanted), check=False)
    assert node.ran == commands
    assert result["changed"] is bool(commands)
    assert (result["diff"]["before"] != result["diff"]["after"]) is bool(commands)


def test_the_schedule() -> None:
    found = timer.Timer(on_calendar=("Sat 03:00", "Sun 04:00"), randomized_delay="1h")
    assert found.content.splitlines()[1:] == [
        "[Timer]",
        "OnCalendar=",
        "OnCalendar=Sat 03:00",
        "OnCalendar=Sun 04:00",
        "RandomizedDelaySec=1h",
    ]
    assert timer.Timer().content == ""


@pytest.mark.parametrize("bad", ["every blue moon", "soon"])
def test_times_that_systemd_does_not_know(bad: str) -> None:
    node = Podman(bad_times=(bad,), found=state(units={NAME: "active enabled"}))
    wanted = {"enabled": True, "on_calendar": ["every blue moon"], "randomized_delay": "soon"}
    with pytest.raises(FleetError, match=f"timer: '{bad}' is no time"):
        keep_current(node, request(timer=wanted), check=False)


def test_times_that_are_more_than_one_line() -> None:
    with pytest.raises(FleetError, match="is no time"):
        request(timer={"enabled": True, "on_calendar": ["daily\nUnit=x.service"], "randomized_delay": None})


def test_a_node_whose_podman_has_no_timer() -> None:
    found = state(uid=1000)
    assert timer.plan("core", timer.Timer(enabled=False), found) == ()
    with pytest.raises(FleetError, match="the node has no podman-auto-update"):
        timer.plan("core", timer.Timer(), found)
