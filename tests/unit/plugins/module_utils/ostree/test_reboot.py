# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as rebooted: hosts that come back at once, late, elsewhere, red, or not at all."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field, replace

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import CommandError, ConnectionLost, FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed, File, LocalNode, Source
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree import boot
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.reboot import prove

from .fake import Clock, FakeHost, State

NEW: State = {"version": "2", "checksum": "c2"}
OLD: State = {"version": "1", "checksum": "c1"}
BEFORE: State = {"deployments": [{**NEW, "staged": True}, {**OLD, "booted": True}]}
ON_NEW: State = {"deployments": [{**NEW, "booted": True}, OLD]}
FELL_BACK: State = {"deployments": [NEW, {**OLD, "booted": True}]}
NOT_WRITTEN: State = {"deployments": [{**OLD, "booted": True}]}


@dataclass(frozen=True)
class Phase:
    """How a host is for some seconds. Without a boot id it does not answer."""

    seconds: float
    boot: str = ""
    state: State = field(default_factory=lambda: ON_NEW)
    check: str = "none"
    up: bool = True
    system: str = "running"
    gave_up: bool = False


AWAY = Phase(20)
UP = Phase(9999, "boot-1")


@dataclass
class Machine(FakeHost):
    """A host that goes through phases from the moment it is told to reboot."""

    phases: list[Phase] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    says: dict[str, tuple[int, str]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    told: float | None = None
    loses_the_answer: bool = False

    def phase(self) -> Phase:
        if self.told is None:
            return Phase(0, "boot-0", self.state)
        passed = self.clock.now - self.told
        for phase in self.phases:
            if passed < phase.seconds:
                return phase
            passed -= phase.seconds
        raise AssertionError("the script of this host is too short")

    def gather(self, wanted: t.Mapping[str, Source]) -> dict[str, Completed | File | None]:
        now = self.phase()
        if not now.boot:
            raise ConnectionLost("no route to host")
        self.state = now.state
        return super().gather(wanted)

    def run(self, argv: t.Sequence[str], *_more: t.Any, **_options: t.Any) -> Completed:
        assert tuple(argv) == ("systemctl", "reboot")
        assert self.told is None
        self.told = self.clock.now
        if self.loses_the_answer:
            raise ConnectionLost("closed by remote host")
        return Completed(tuple(argv), 0, "", "")

    def _file(self, path: str) -> File | None:
        if path == boot.BOOT_ID:
            return File(f"{self.phase().boot}\n".encode(), 0o444, "root", "root")
        if path.endswith("boot-status"):
            return File(self.files[path], 0o644, "root", "root") if path in self.files else None
        return super()._file(path)

    def _look(self, source: Source) -> Completed | File | None:
        if source[0] == "systemctl":
            return Completed(tuple(source), 0, self._units(source), "")
        if source[0] == "journalctl":
            line = " ".join(source)
            rc, text = next((says for words, says in self.says.items() if words in line), (1, ""))
            return Completed(tuple(source), rc, text, "")
        return super()._look(source)

    def _units(self, argv: Source) -> str:
        now = self.phase()
        if argv[1] == "is-system-running":
            return f"{now.system}\n"
        loaded = "not-found" if now.check == "none" else "loaded"
        check = {"none": "inactive", "waiting": "inactive"}.get(now.check, now.check)
        job = "Job=17\n" if now.check == "waiting" else ""
        return (
            f"{job}Id=greenboot-healthcheck.service\nLoadState={loaded}\nActiveState={check}\n\n"
            f"Id=multi-user.target\nLoadState=loaded\nActiveState={'active' if now.up else 'inactive'}\n\n"
            f"Id=redboot-auto-reboot.service\nLoadState=loaded\nActiveState={'failed' if now.gave_up else 'inactive'}\n"
        )


def machine(*phases: Phase, state: State | None = None, **more: t.Any) -> Machine:
    return Machine(BEFORE if state is None else state, phases=list(phases), **more)


def reboot(host: Machine, expected: str | None = None, check: bool = False, timeout: float = 900) -> dict[str, t.Any]:
    result = prove(host, expected, check, host.clock.patience(timeout))
    return t.cast("dict[str, t.Any]", json.loads(json.dumps(result)))


def failure(host: Machine, timeout: float = 900) -> FleetError:
    with pytest.raises(FleetError) as failed:
        reboot(host, timeout=timeout)
    json.dumps(failed.value.details)
    return failed.value


@pytest.mark.parametrize("loses_the_answer", [False, True])
def test_a_host_that_comes_back_as_expected(loses_the_answer: bool) -> None:
    host = machine(Phase(10, "boot-0", BEFORE, system="stopping"), AWAY, UP, loses_the_answer=loses_the_answer)
    result = reboot(host)
    assert result["changed"] is True
    assert (result["rolled_back"], result["boots"], result["health"]) == (False, 1, "unchecked")
    assert result["booted"]["version"] == result["expected"]["version"] == "2"
    assert result["elapsed"] == 30


def test_the_same_boot_is_no_reboot() -> None:
    """It answers for a while before it goes down: that proves nothing."""
    host = machine(Phase(120, "boot-0", BEFORE), AWAY, UP)
    assert reboot(host)["elapsed"] == 140


def test_a_boot_that_is_not_complete_is_waited_for() -> None:
    host = machine(AWAY, Phase(40, "boot-1", up=False, system="starting"), UP)
    assert reboot(host)["elapsed"] == 60


@pytest.mark.parametrize("check", ["waiting", "activating"])
def test_health_checks_are_waited_for(check: str) -> None:
    host = machine(AWAY, Phase(60, "boot-1", check=check), replace(UP, check="active"))
    result = reboot(host)
    assert (result["elapsed"], result["health"]) == (80, "green")


def test_a_host_that_needs_a_second_try() -> None:
    """The boot counter lets it: red once, green on the next boot."""
    host = machine(
        AWAY,
        Phase(10, "boot-1", check="failed"),
        Phase(5, "boot-1", check="failed", system="stopping"),
        AWAY,
        replace(UP, boot="boot-2", check="active"),
    )
    result = reboot(host)
    assert (result["boots"], result["health"], result["rolled_back"]) == (2, "green", False)


def fallback() -> list[Phase]:
    """Three boots with a failing check, the fourth is the old deployment."""
    tries = [
        each
        for number in (1, 2, 3)
        for each in (AWAY, Phase(15, f"boot-{number}", check="failed"), Phase(5, f"boot-{number}", system="stopping"))
    ]
    return [*tries, AWAY, Phase(9999, "boot-4", FELL_BACK, check="active")]


SHELL_LOG = """\
Running Required Health Check Scripts...
Script '00_required_scripts_start.sh' SUCCESS
Running Wanted Health Check Scripts...
Script '01_update_platforms_check.sh' FAILURE (exit code '1'). Continuing...
Running Required Health Check Scripts...
Script '10_zsh.sh' FAILURE (exit code '1'). Continuing...
'20_other.sh' was skipped due to a previous failure
greenboot-healthcheck.service: Failed with result 'exit-code'.
"""
RUST_LOG = """\
 INFO  greenboot::greenboot > running required check /etc/greenboot/check/required.d/10_zsh.sh
 ERROR greenboot::greenboot > required script error:
 ERROR greenboot::greenboot > required script /etc/greenboot/check/required.d/10_zsh.sh failed!
looking for zsh
no zsh
 ERROR greenboot            > Greenboot error: required health-check failed, skipping remaining scripts
 INFO  greenboot::handler   > restarting the system
Error: greenboot healthcheck failed
"""
OF_THE_CHECKS = "--boot=-1 --unit=greenboot-healthcheck.service"


def test_a_host_that_fell_back_is_reported_with_the_failing_check() -> None:
    """A wanted check that failed before it is not the reason."""
    host = machine(
        *fallback(),
        says={
            OF_THE_CHECKS: (0, SHELL_LOG),
            "--boot=-1 --identifier=10_zsh.sh": (0, "looking for zsh\nno zsh\n"),
        },
        files={
            "/run/motd.d/boot-status": b"FALLBACK BOOT DETECTED! Default rpm-ostree deployment has been rolled back.\n"
        },
    )
    failed = failure(host)
    assert "edge-1 is back on 1 (" in failed.message
    assert "and not on 2 (" in failed.message
    assert failed.message.endswith("after 4 boots; check 10_zsh.sh says: no zsh")
    assert failed.details["rolled_back"] is True
    assert failed.details["booted"]["version"] == "1"
    assert failed.details["health"] == "green"
    assert [reason["source"] for reason in failed.details["reasons"]] == [
        "check 10_zsh.sh",
        "greenboot",
        "/run/motd.d/boot-status",
    ]
    assert failed.details["reasons"][0]["text"] == "looking for zsh\nno zsh"


def test_the_other_generation_of_health_checks() -> None:
    host = machine(*fallback(), says={OF_THE_CHECKS: (0, RUST_LOG)})
    failed = failure(host)
    assert failed.message.endswith("; check 10_zsh.sh says: no zsh")
    assert failed.details["reasons"][0]["text"] == "looking for zsh\nno zsh"


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (SHELL_LOG, "Script '10_zsh.sh' FAILURE (exit code '1'). Continuing..."),
        (
            RUST_LOG.replace("looking for zsh\nno zsh\n", ""),
            "ERROR greenboot::greenboot > required script /etc/greenboot/check/required.d/10_zsh.sh failed!",
        ),
    ],
)
def test_a_check_that_fails_without_a_word(log: str, said: str) -> None:
    host = machine(*fallback(), says={OF_THE_CHECKS: (0, log)})
    assert failure(host).message.endswith(f"; check 10_zsh.sh says: {said}")


FINALIZED = "--boot=boot0 --unit=ostree-finalize-staged.service"
CYCLE = (
    "basic.target: Job greenboot-grub2-set-counter.service/stop deleted to break ordering cycle starting with "
    "basic.target/stop\n"
)


def test_a_deployment_that_was_never_written() -> None:
    """libostree writes what is staged at shutdown, when nobody sees that it fails."""
    host = machine(
        AWAY,
        Phase(9999, "boot-1", NOT_WRITTEN),
        says={
            FINALIZED: (
                0,
                f"{CYCLE}Finalizing staged deployment\n"
                "error: Installing kernel: regfile copy: No space left on device\n"
                "ostree-finalize-staged.service: Control process exited, code=exited, status=1/FAILURE\n",
            )
        },
    )
    failed = failure(host)
    assert "ostree-finalize-staged says: error: Installing kernel" in failed.message
    assert [reason["text"].count("\n") for reason in failed.details["reasons"]] == [0]
    assert failed.details["rolled_back"] is True


def test_a_deployment_that_was_written_is_not_explained_by_its_writing() -> None:
    host = machine(*fallback(), says={OF_THE_CHECKS: (0, SHELL_LOG), FINALIZED: (0, f"{CYCLE}Finalized deployment\n")})
    assert "; check 10_zsh.sh says: " in failure(host).message


def test_a_host_that_has_nothing_to_say() -> None:
    failed = failure(machine(AWAY, Phase(9999, "boot-1", FELL_BACK), says={"--boot=-1": (0, "-- No entries --\n")}))
    assert failed.message.endswith("after 1 boot")
    assert failed.details["reasons"] == []


def test_a_deployment_with_the_same_commit_and_other_kernel_arguments_is_another_one() -> None:
    before = {"deployments": [{**NEW, "staged": True, "serial": 1, "id": "x.1"}, {**NEW, "booted": True, "id": "x.0"}]}
    after = {"deployments": [{**NEW, "serial": 1, "id": "x.1"}, {**NEW, "booted": True, "id": "x.0"}]}
    failed = failure(machine(AWAY, Phase(9999, "boot-1", after), state=before))
    assert failed.details["rolled_back"] is True


def test_a_red_host_that_stays_where_it_is() -> None:
    """Its counter is unset, so nothing reboots it: after a while that is the verdict."""
    host = machine(AWAY, replace(UP, check="failed"))
    failed = failure(host)
    assert "booted 2 (" in failed.message
    assert "its health checks are red" in failed.message
    assert failed.details["rolled_back"] is False
    assert host.clock.now == 80


def test_a_red_host_that_says_that_it_will_not_reboot() -> None:
    host = machine(AWAY, replace(UP, check="failed", gave_up=True))
    assert failure(host).details["health"] == "red"
    assert host.clock.now == 20


@pytest.mark.parametrize(
    ("phases", "complaint"),
    [
        ([Phase(9999, "boot-0", BEFORE)], "was told to reboot and has not begun to after 300 seconds"),
        ([Phase(9999, "boot-0", BEFORE, system="stopping")], "has not gone down"),
        ([Phase(9999)], "does not answer since the reboot"),
        ([AWAY, Phase(30, "boot-1", up=False), Phase(9999)], "does not answer any more"),
        ([AWAY, Phase(9999, "boot-1", up=False, system="starting")], "it is booting on boot 1"),
        ([AWAY, Phase(9999, "boot-1", check="activating")], "it is checking on boot 1"),
        ([AWAY, Phase(9999, "boot-1", system="stopping")], "it is stopping on boot 1"),
    ],
)
def test_a_host_that_does_not_settle(phases: list[Phase], complaint: str) -> None:
    host = machine(*phases)
    assert complaint in failure(host, timeout=300).message
    assert host.clock.now <= 300


def test_check_mode_reboots_nothing() -> None:
    host = machine()
    result = reboot(host, check=True)
    assert result["changed"] is True
    assert [step["argv"] for step in result["steps"]] == [["systemctl", "reboot"]]
    assert result["expected"]["version"] == "2"
    assert host.told is None


@pytest.mark.parametrize("name", ["2", None])
def test_the_expected_version(name: str | None) -> None:
    assert reboot(machine(AWAY, UP), name)["rolled_back"] is False


def test_what_does_not_boot_next_is_not_rebooted_into() -> None:
    host = machine()
    with pytest.raises(FleetError, match=r"expected: what boots next on this host is 2 \(\w+\) and not '3'"):
        reboot(host, "3")
    assert host.told is None


def test_a_locked_deployment_is_not_thrown_away() -> None:
    host = machine(state={"deployments": [{**NEW, "staged": True, "finalization-locked": True}, {"booted": True}]})
    with pytest.raises(FleetError, match="is staged and locked"):
        reboot(host)
    assert host.told is None


def test_a_running_transaction_is_not_cut_off() -> None:
    busy = {**BEFORE, "transaction": ["Upgrade", ":1.42", "/org/projectatomic/rpmostree1/fedora_coreos"]}
    host = machine(state=busy)
    with pytest.raises(FleetError, match=r"a transaction \(Upgrade\) is still running on edge-1 after 60 seconds"):
        reboot(host, timeout=60)
    assert host.told is None


def test_a_shutdown_that_is_refused() -> None:
    class Inhibited(Machine):
        def run(self, argv: t.Sequence[str], *_more: t.Any, **_options: t.Any) -> Completed:
            raise CommandError("systemctl ended with exit code 1: inhibited", argv=argv, rc=1, node=self.name)

    with pytest.raises(CommandError, match="inhibited"):
        reboot(Inhibited(BEFORE))


def test_the_machine_that_waits_cannot_be_the_one_that_reboots() -> None:
    with pytest.raises(FleetError, match="over a connection"):
        prove(LocalNode(), None, False, Clock().patience())


@pytest.mark.parametrize(
    ("system", "units", "expected"),
    [
        ("running", {}, "booting"),
        ("degraded", {"multi-user.target": {"ActiveState": "active"}}, "unchecked"),
        # installed and not enabled: nothing starts it
        (
            "running",
            {
                "multi-user.target": {"ActiveState": "active"},
                "greenboot-healthcheck.service": {"LoadState": "loaded", "ActiveState": "inactive", "Job": "0"},
            },
            "unchecked",
        ),
        (
            "running",
            {
                "multi-user.target": {"ActiveState": "active"},
                "greenboot-healthcheck.service": {"LoadState": "masked", "ActiveState": "inactive"},
            },
            "unchecked",
        ),
        (
            "starting",
            {
                "multi-user.target": {"ActiveState": "inactive"},
                "greenboot-healthcheck.service": {"LoadState": "loaded", "ActiveState": "active"},
            },
            "booting",
        ),
        # red scripts of the shell generation, which may take longer than a reboot needs to begin
        (
            "running",
            {
                "multi-user.target": {"ActiveState": "active"},
                "greenboot-healthcheck.service": {"LoadState": "loaded", "ActiveState": "failed"},
                "redboot-task-runner.service": {"ActiveState": "activating"},
            },
            "checking",
        ),
        (
            "running",
            {
                "multi-user.target": {"ActiveState": "active"},
                "greenboot-healthcheck.service": {"LoadState": "loaded", "ActiveState": "failed"},
                "redboot-task-runner.service": {"ActiveState": "active"},
                "redboot-auto-reboot.service": {"ActiveState": "inactive", "Job": "99"},
            },
            "checking",
        ),
        (
            "running",
            {
                "multi-user.target": {"ActiveState": "active"},
                "greenboot-healthcheck.service": {"LoadState": "loaded", "ActiveState": "failed"},
                "redboot-task-runner.service": {"ActiveState": "active"},
                "redboot-auto-reboot.service": {"ActiveState": "failed"},
            },
            "red",
        ),
    ],
)
def test_progress(system: str, units: dict[str, dict[str, str]], expected: str) -> None:
    assert boot.progress(system, units) == expected


@pytest.mark.parametrize(
    ("listed", "boots"),
    [
        ("IDX BOOT ID\n -3 boot0 Sat\n -2 lost1 Sat\n -1 lost2 Sat\n 0 boot1 Sat\n", 3),
        ("-1 boot0 Sat\n 0 boot1 Sat\n", 1),
        ("0 boot1 Sat\n", 1),
        ("", 1),
    ],
)
def test_boots_that_nobody_saw_are_counted(listed: str, boots: int) -> None:
    host = machine(AWAY, UP, says={"--list-boots": (0, listed)})
    assert reboot(host)["boots"] == boots
