# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bringing a host to what is wanted, whatever comes in between."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.converge import converge
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.wanted import Wanted

from .build import params
from .fake import Clock, FakeHost, State, Step

BOOTED: State = {"booted": True, "checksum": "b1", "kernel_arguments": ["rw"]}
START: State = {"deployments": [BOOTED]}
INSTALL = "rpm-ostree install --allow-inactive strace"
BUSY = "error: Transaction in progress: upgrade \n You can cancel the current transaction with `rpm-ostree cancel`\n"


def staged(checksum: str = "c1", **more: t.Any) -> State:
    default = {"staged": True, "checksum": checksum, "base-checksum": "b1", "requested-packages": ["strace"]}
    return {"deployments": [{**default, "packages": ["strace"], **more}, BOOTED]}


def busy(state: State, method: str = "Upgrade") -> State:
    return {**state, "transaction": [method, ":1.42", "/org/projectatomic/rpmostree1/fedora_coreos"]}


def run(fake: FakeHost, clock: Clock | None = None, check: bool = False, **wanted: t.Any) -> dict[str, t.Any]:
    patience = (clock or Clock()).patience(wanted.pop("timeout", 600))
    result = converge(fake, Wanted.from_params(params(wanted)), check, patience)
    assert not fake.script, "the host expected more commands"
    # A module can return nothing else.
    return t.cast("dict[str, t.Any]", json.loads(json.dumps(result)))


def test_a_change() -> None:
    fake = FakeHost(START, [Step(INSTALL, staged())])
    result = run(fake, packages=["strace"])
    assert result["changed"] is True
    assert result["steps"] == [{"argv": INSTALL.split(), "reason": "strace is not requested"}]
    assert result["diff"]["before"]["packages"] == []
    assert result["diff"]["after"]["packages"] == ["strace"]
    assert result["default"]["requested_packages"] == ["strace"]
    assert result["reboot_needed"] is True
    assert fake.gathers == 2


def test_no_change_is_one_round_trip_and_no_command_but_status() -> None:
    state = {
        "driver": {"driver-name": "Zincati", "driver-sd-unit": "zincati.service"},
        "deployments": [
            {
                "booted": True,
                "requested-packages": ["strace"],
                "packages": ["strace"],
                "requested-base-removals": ["nano"],
                "requested-base-local-replacements": ["podman-5:5.4.0-1.fc41.x86_64"],
                "kernel_arguments": ["rw", "debug"],
            }
        ],
    }
    fake = FakeHost(state)
    result = run(
        fake,
        packages=["strace"],
        removed_base_packages=["nano"],
        overrides=[{"rpm": "/var/srv/podman-5.4.0-1.fc41.x86_64.rpm"}],
        kernel_arguments={"present": ["debug"], "absent": ["quiet"]},
    )
    assert (result["changed"], result["steps"]) == (False, [])
    assert fake.gathers == 1
    assert [line for line in fake.programs if line.startswith("rpm-ostree")] == ["rpm-ostree status --json"]


def test_check_mode_shows_the_same_steps_and_takes_none() -> None:
    wanted: dict[str, t.Any] = {"packages": ["strace"], "kernel_arguments": {"present": ["debug"]}}
    kargs = "rpm-ostree kargs --append-if-missing=debug"
    checked = run(FakeHost(START), check=True, **wanted)
    after = staged()
    fake = FakeHost(START, [Step(INSTALL, after), Step(kargs, {**after, "kargs": True})])
    # The staged file of this host tells no kernel arguments, so that it has them is not seen.
    done = run(fake, **wanted)
    assert checked["changed"] is True
    assert checked["steps"] == done["steps"]
    assert checked["diff"] == done["diff"]
    assert checked["default"]["requested_packages"] == []


def test_an_upgrade_that_finds_nothing_is_no_change() -> None:
    state = {"deployments": [{"booted": True, "origin": "local/branch"}]}
    fake = FakeHost(state, [Step("rpm-ostree upgrade --unchanged-exit-77", rc=77)])
    result = run(fake, upgrade=True)
    assert (result["changed"], result["upgrade"]) == (False, "unknown")
    assert [step["argv"][1] for step in result["steps"]] == ["upgrade"]


def test_an_upgrade_that_finds_something_is_a_change() -> None:
    state = {"deployments": [{"booted": True, "origin": "local/branch"}]}
    new = {"deployments": [{"staged": True, "checksum": "b2", "origin": "local/branch"}, *state["deployments"]]}
    fake = FakeHost(state, [Step("rpm-ostree upgrade --unchanged-exit-77", new)])
    assert run(fake, upgrade=True)["changed"] is True


def test_check_mode_says_that_an_upgrade_is_unknown() -> None:
    result = run(FakeHost({"deployments": [{"booted": True, "origin": "local/branch"}]}), check=True, upgrade=True)
    assert (result["changed"], result["upgrade"]) == (True, "unknown")


# A transaction of somebody else


def test_another_transaction_is_waited_for() -> None:
    fake = Waiting(START, [Step(INSTALL, busy(START), rc=1, stderr=BUSY), Step(INSTALL, staged())], [START], skip=1)
    clock = Clock()
    assert run(fake, clock, packages=["strace"])["changed"] is True
    assert clock.now == 10


def test_what_the_other_transaction_did_is_not_done_again() -> None:
    """It happened to layer the same package: planned anew, there is nothing left."""
    fake = FakeHost(START, [Step(INSTALL, staged(), rc=1, stderr=BUSY)])
    result = run(fake, packages=["strace"])
    assert (result["changed"], result["steps"]) == (True, [])


def test_the_rest_of_several_steps_is_planned_anew() -> None:
    new_base = staged(**{"base-checksum": "b2"})
    fake = FakeHost(
        START,
        [
            Step(INSTALL, new_base, rc=1, stderr=BUSY),
            Step("rpm-ostree initramfs --enable", staged(checksum="c2", **{"regenerate-initramfs": True})),
        ],
    )
    result = run(fake, packages=["strace"], initramfs={"enabled": True})
    assert [step["argv"][1] for step in result["steps"]] == ["initramfs"]


def test_another_transaction_that_takes_too_long_is_named() -> None:
    fake = FakeHost(START, [Step(INSTALL, busy(START), rc=1, stderr=BUSY)])
    clock = Clock()
    with pytest.raises(FleetError, match=r"transaction \(Upgrade\) is still running on edge-1 after 60 seconds"):
        run(fake, clock, packages=["strace"], timeout=60)
    assert clock.now <= 60


def test_the_title_of_another_transaction_is_in_the_error() -> None:
    fake = FakeHost(START, [Step(INSTALL, rc=1, stderr=BUSY)] * 30)
    with pytest.raises(FleetError, match=r"a transaction that is not ours \(upgrade\) is still running on edge-1"):
        run(fake, packages=["strace"], timeout=60)


@pytest.mark.parametrize(
    "stderr",
    [
        "error: System transaction in progress\n",
        "error: Updating deployment: GDBus.Error:org.gtk.GDBus.UnmappedGError.Quark._g_2dio_2derror_2dquark.Code26: "
        "Transaction in progress: (null)\n You can cancel the current transaction with `rpm-ostree cancel`\n",
    ],
)
def test_every_form_of_the_busy_message(stderr: str) -> None:
    fake = FakeHost(START, [Step(INSTALL, rc=1, stderr=stderr), Step(INSTALL, staged())])
    assert run(fake, packages=["strace"])["changed"] is True


def test_a_transaction_that_runs_is_no_matter_when_nothing_is_to_do() -> None:
    clock = Clock()
    assert run(FakeHost(busy(staged())), clock, packages=["strace"])["changed"] is False
    assert clock.now == 0


# A connection that breaks


def test_a_transaction_that_finished_while_nobody_listened() -> None:
    fake = FakeHost(START, [Step(INSTALL, staged(), lost=True)])
    result = run(fake, packages=["strace"])
    assert result["changed"] is True
    assert [step["argv"] for step in result["steps"]] == [INSTALL.split()]


def test_a_transaction_that_goes_on_while_nobody_listens() -> None:
    fake = Waiting(START, [Step(INSTALL, busy(START, "PkgChange"), lost=True)], [busy(START), staged()], skip=1)
    clock = Clock()
    assert run(fake, clock, packages=["strace"])["changed"] is True
    assert clock.now >= 5


def test_a_transaction_that_died_with_the_host_is_started_again() -> None:
    fake = FakeHost(START, [Step(INSTALL, START, lost=True), Step(INSTALL, staged())])
    result = run(fake, packages=["strace"])
    assert [step["argv"] for step in result["steps"]] == [INSTALL.split()]


def test_a_host_that_is_away_for_a_while() -> None:
    fake = Waiting(START, [Step(INSTALL, staged(), lost=True)], [], skip=0, away=4)
    clock = Clock()
    assert run(fake, clock, packages=["strace"])["changed"] is True
    assert clock.now == 20


def test_a_host_that_does_not_come_back() -> None:
    fake = Waiting(START, [Step(INSTALL, staged(), lost=True)], [], skip=0, away=1000)
    with pytest.raises(FleetError, match="edge-1 does not answer after 60 seconds"):
        run(fake, packages=["strace"], timeout=60)


def test_a_step_that_the_host_does_not_survive() -> None:
    fake = FakeHost(START, [Step(INSTALL, START, lost=True)] * 3)
    with pytest.raises(FleetError, match=f"broke 3 times during {INSTALL}"):
        run(fake, packages=["strace"])


# Going back

NEWER: State = {"version": "2", "checksum": "c2", "created": 200}
OLDER: State = {"version": "1", "checksum": "c1", "created": 100}
NEWER_RUNS: State = {"deployments": [{**NEWER, "booted": True}, OLDER]}
GONE_BACK: State = {"deployments": [OLDER, {**NEWER, "booted": True}]}


def test_going_back() -> None:
    result = run(FakeHost(NEWER_RUNS, [Step("rpm-ostree rollback", GONE_BACK)]), state="rolled_back")
    assert (result["changed"], result["default"]["version"], result["reboot_needed"]) == (True, "1", True)


def test_going_back_twice_is_going_back_once() -> None:
    result = run(FakeHost(GONE_BACK), state="rolled_back")
    assert (result["changed"], result["default"]["version"]) == (False, "1")


def test_a_rollback_that_is_cut_off_is_not_undone_by_a_second_one() -> None:
    fake = FakeHost(NEWER_RUNS, [Step("rpm-ostree rollback", GONE_BACK, lost=True)])
    result = run(fake, state="rolled_back")
    assert (result["changed"], result["default"]["version"]) == (True, "1")


def test_a_cleanup_that_later_steps_refill_is_no_failure() -> None:
    state = {"deployments": [BOOTED, {"checksum": "b0"}], "cached": True}
    clean = {"deployments": [BOOTED]}
    new = {**staged(), "cached": True}
    script = [Step("rpm-ostree cleanup --rollback --repomd", clean), Step(INSTALL, new)]
    assert run(FakeHost(state, script), packages=["strace"], cleanup=["rollback", "repomd"])["changed"] is True


# Success that is none


def test_a_removal_that_is_only_recorded() -> None:
    """Ends with 0 and says nothing on a host that follows an image (rpm-ostree issue 5625)."""
    new = {"deployments": [{"staged": True, "checksum": "c1", "requested-base-removals": ["code"]}, BOOTED]}
    fake = FakeHost(START, [Step("rpm-ostree override remove code", new)])
    with pytest.raises(FleetError, match="recorded the override of code without an error and did not carry it out"):
        run(fake, removed_base_packages=["code"])


def test_a_replacement_that_is_only_recorded() -> None:
    """The same with a package file (rpm-ostree issue 5550)."""
    nevra = "ovs-3.5.2-64.el9.x86_64"
    new = {"deployments": [{"staged": True, "checksum": "c1", "requested-base-local-replacements": [nevra]}, BOOTED]}
    fake = FakeHost(START, [Step(f"rpm-ostree override replace /var/srv/{nevra}.rpm", new)])
    with pytest.raises(FleetError, match=f"recorded the override of {nevra} without an error"):
        run(fake, overrides=[{"rpm": f"/var/srv/{nevra}.rpm"}])


@pytest.mark.parametrize("key", ["requested-base-removals", "requested-base-local-replacements"])
def test_an_override_that_was_recorded_before_is_not_blamed(key: str) -> None:
    state = {"deployments": [{**BOOTED, key: ["code-1-1.noarch"]}]}
    new = staged(**{key: ["code-1-1.noarch"]})
    assert run(FakeHost(state, [Step(INSTALL, new)]), packages=["strace"])["changed"] is True


def test_a_command_that_succeeded_and_did_nothing() -> None:
    fake = FakeHost(START, [Step(INSTALL, START)])
    with pytest.raises(FleetError, match="still not as wanted: strace is not requested"):
        run(fake, packages=["strace"])


# What was moved with it


DIFFERENCE = {
    "ostree-commit-from": "c1",
    "ostree-commit-to": "c2",
    "pkgdiff": [
        ["strace", 0, {"NewPackage": ["strace", "6.12-1.fc41", "x86_64"]}],
        [
            "htop",
            2,
            {"PreviousPackage": ["htop", "3.3.0-4.fc41", "x86_64"], "NewPackage": ["htop", "3.4.0-1.fc41", "x86_64"]},
        ],
    ],
}
HTOP: State = {
    "booted": True,
    "checksum": "c1",
    "base-checksum": "b1",
    "requested-packages": ["htop"],
    "packages": ["htop"],
}
BOTH: State = {
    "deployments": [
        {**HTOP, "booted": False, "staged": True, "checksum": "c2", "requested-packages": ["htop", "strace"]},
        HTOP,
    ]
}


@pytest.mark.parametrize(
    ("says", "moved"),
    [
        ((0, json.dumps(DIFFERENCE)), ["htop 3.3.0-4.fc41 -> 3.4.0-1.fc41"]),
        ((0, json.dumps({**DIFFERENCE, "pkgdiff": DIFFERENCE["pkgdiff"][:1]})), []),
        ((1, ""), []),
        ((0, "no json"), []),
    ],
)
def test_packages_that_an_installation_moved_are_shown(says: tuple[int, str], moved: list[str]) -> None:
    fake = FakeHost({"deployments": [HTOP]}, [Step(INSTALL, BOTH)], {"rpm-ostree db diff --format=json": says})
    result = run(fake, packages=["strace"])
    assert result["moved_packages"] == moved
    assert [warning for warning in result["warnings"] if "also moved packages" in warning] == [
        f"rpm-ostree also moved packages that were layered before: {each}" for each in moved
    ]


class Waiting(FakeHost):
    """A host whose state changes from one look to the next, and that may be away after a command."""

    def __init__(self, state: State, script: list[Step], looks: list[State], *, skip: int, away: int = 0) -> None:
        super().__init__(state, script)
        self._looks, self._skip, self._away = looks, skip, away

    def gather(self, wanted: t.Any) -> t.Any:
        if self.programs and any(line.startswith("rpm-ostree install") for line in self.programs):
            if self._away:
                self.unreachable, self._away = self._away, 0
            if not self.unreachable:
                if self._skip:
                    self._skip -= 1
                elif self._looks:
                    self.state = self._looks.pop(0)
        return super().gather(wanted)
