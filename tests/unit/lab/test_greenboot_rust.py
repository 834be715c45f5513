# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Rust generation of greenboot (0.16.4) in the lab guest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .greenboot import BOOTED, STAGED, Root, packages

CHECKS = "etc/greenboot/check"
FALLBACK = "FALLBACK BOOT DETECTED! Default rpm-ostree deployment has been rolled back."
BAD = {f"{CHECKS}/required.d/1.sh": "echo no zsh; echo here >&2; exit 1"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packages("rust", tmp_path_factory.mktemp("rust"))


@pytest.fixture
def root(tmp_path: Path, tree: Path) -> Root:
    return Root(tmp_path, tree)


def run(root: Root, *argv: str) -> tuple[int, list[str]]:
    """The exit code, and the log without level and module, from the first check of the administrator's on."""
    code, said = root.call("greenboot", *(argv or ("health-check",)))
    lines = [re.sub(r"^ [A-Z]+ +[a-z:]+ +> ", "", line) for line in said]
    return code, [line for line in lines if "/usr/lib/greenboot/" not in line]


def put(root: Root, files: dict[str, str], mode: int = 0o644) -> None:
    for name, content in files.items():
        root.write(name, content, mode)


def test_a_good_boot(root: Root) -> None:
    root.grubenv = {"boot_counter": "2", "boot_success": "0", "greenboot_next_deployment_id": BOOTED, "fallback": "1"}
    put(
        root,
        {f"{CHECKS}/required.d/1.sh": "true", f"{CHECKS}/wanted.d/2.sh": "exit 1", "etc/greenboot/green.d/3.sh": ""},
    )
    assert run(root) == (
        0,
        [
            "Kernel booted successfully, disarming GRUB fallback before healthchecks",
            "Clear grubenv: fallback",
            "running required check /etc/greenboot/check/required.d/1.sh",
            "required script /etc/greenboot/check/required.d/1.sh success!",
            "running wanted check /etc/greenboot/check/wanted.d/2.sh",
            "wanted script /etc/greenboot/check/wanted.d/2.sh failed!",
            "greenboot health-check passed.",
            "running green check /etc/greenboot/green.d/3.sh",
            "green script /etc/greenboot/green.d/3.sh success!",
            "Set grubenv: boot_success=1",
            "Clear grubenv: boot_counter",
            "Clear grubenv: greenboot_next_deployment_id",
        ],
    )
    assert root.grubenv == {"boot_success": "1"}
    assert root.read("etc/motd.d/boot-status") == "Greenboot healthcheck passed - status is GREEN."
    assert root.calls == []


FAILED = [
    "running required check /etc/greenboot/check/required.d/1.sh",
    "required script error:",
    "required script /etc/greenboot/check/required.d/1.sh failed!",
    "no zsh",
    "here",
    "Greenboot error: required health-check failed, skipping remaining scripts",
    "Set grubenv: boot_success=0",
]
END = "Error: greenboot healthcheck failed"


@pytest.mark.parametrize(
    ("before", "config", "said", "after", "calls"),
    [
        # Also when no update came before.
        (
            {},
            "",
            [
                "First health check failure, setting boot counter to 3",
                "Set grubenv: boot_counter=3",
                "restarting the system",
            ],
            {"boot_counter": "3"},
            ["systemctl reboot"],
        ),
        (
            {},
            "GREENBOOT_MAX_BOOT_ATTEMPTS=1\n",
            [
                "First health check failure, setting boot counter to 1",
                "Set grubenv: boot_counter=1",
                "restarting the system",
            ],
            {"boot_counter": "1"},
            ["systemctl reboot"],
        ),
        (
            {"boot_counter": "1", "greenboot_next_deployment_id": BOOTED},
            "",
            ["Boot counter is 1, rebooting to try again", "restarting the system"],
            {"boot_counter": "1", "greenboot_next_deployment_id": BOOTED},
            ["systemctl reboot"],
        ),
        (
            {"boot_counter": "0", "greenboot_next_deployment_id": BOOTED},
            "",
            [
                "Boot counter exhausted and next-deployment-id is set - initiating rollback",
                "Rollback successful",
                "Clear grubenv: boot_counter",
                "Clear grubenv: greenboot_next_deployment_id",
                "restarting the system",
            ],
            {},
            ["rpm-ostree rollback", "systemctl reboot"],
        ),
        (
            {"boot_counter": "0"},
            "",
            ["Boot counter exhausted but no next-deployment-id set - manual intervention required"],
            {"boot_counter": "0"},
            [],
        ),
    ],
)
def test_a_bad_boot(
    root: Root, before: dict[str, str], config: str, said: list[str], after: dict[str, str], calls: list[str]
) -> None:
    root.grubenv = before
    root.write("etc/greenboot/greenboot.conf", config)
    put(root, {**BAD, f"{CHECKS}/required.d/2.sh": "true", f"{CHECKS}/wanted.d/3.sh": "true"})
    assert run(root) == (1, [*FAILED, *said, END])
    assert root.grubenv == {**after, "boot_success": "0"}
    assert root.calls == calls
    assert root.read("etc/motd.d/boot-status") == "Greenboot healthcheck failed - status is RED."


def test_red_scripts_run_before_the_counter_changes(root: Root) -> None:
    root.grubenv = {"boot_counter": "2", "boot_success": "0"}
    put(root, {**BAD, "etc/greenboot/red.d/1.sh": "grub2-editenv list > /run/seen"})
    run(root)
    assert root.read("run/seen") == "boot_counter=2\nboot_success=0\n"


def test_without_bootc_there_is_no_rollback(root: Root) -> None:
    root.grubenv = {"boot_counter": "0", "greenboot_next_deployment_id": BOOTED}
    put(root, BAD)
    (root.root / "run/ostree-booted").unlink()
    code, said = run(root)
    assert (code, root.calls) == (1, [])
    assert said[-2] == "Rollback only supported in bootc or rpm-ostree environment."
    assert root.grubenv["boot_counter"] == "0"


def test_which_files_are_checks(root: Root) -> None:
    """Not those in folders; with .sh any, else what is executable."""
    put(root, {f"{CHECKS}/required.d/{name}": "true" for name in ("b.sh", "folder/c.sh", "plain")})
    put(root, {f"{CHECKS}/required.d/a": "#!/bin/sh\n"}, mode=0o755)
    assert [line.rpartition("/")[2] for line in run(root)[1] if line.startswith("running required")] == ["a", "b.sh"]


def test_bash_does_not_overwrite_files(root: Root) -> None:
    put(root, {f"{CHECKS}/required.d/1.sh": "echo x > /run/ostree-booted"})
    assert run(root)[0] == 1


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ('DISABLED_HEALTHCHECKS=("1.sh")', ["Skipping disabled script: 1.sh"]),
        (
            'DISABLED_HEALTHCHECKS=( "1.sh" "y.sh" )',
            [
                'The following disabled scripts were not found in any directory: ["y.sh"]',
                "Skipping disabled script: 1.sh",
            ],
        ),
        (
            "DISABLED_HEALTHCHECKS=1.sh",
            [
                "String ('1.sh') is not in the expected bash-array format '( \"item1\" ... )'. Treating as empty list.",
                *FAILED[:6],
            ],
        ),
    ],
)
def test_disabled_checks(root: Root, config: str, said: list[str]) -> None:
    root.write("etc/greenboot/greenboot.conf", config + "\n")
    put(root, BAD)
    assert run(root)[1][: len(said)] == said


def test_in_a_container_only_the_checks_run(root: Root) -> None:
    root.write("run/fake/container", "")
    put(root, BAD)
    before = root.grubenv
    code, said = run(root)
    assert (code, root.grubenv, root.calls) == (1, before, [])
    assert said[-2] == "Container environment detected; skipping reboot and rollback handling"


def test_the_boot_after_a_rollback_says_so(root: Root) -> None:
    root.write("run/fake/journal -b -1 -u greenboot-healthcheck.service --no-pager", "greenboot: Rollback successful\n")
    code, said = run(root)
    assert (code, said[0]) == (0, FALLBACK)
    assert root.read("etc/motd.d/boot-status") == f"{FALLBACK}\nGreenboot healthcheck passed - status is GREEN."


def test_a_kernel_that_did_not_start(root: Root) -> None:
    root.grubenv = {"greenboot_next_deployment_id": STAGED, "fallback": "1", "boot_counter": "1"}
    code, said = run(root)
    assert code == 0
    assert said[0] == f"GRUB kernel fallback detected: expected deployment {STAGED}, booted {BOOTED}"
    assert root.calls == ["rpm-ostree rollback"]
    assert root.grubenv == {"boot_success": "1"}
    assert root.read("etc/motd.d/boot-status").startswith(FALLBACK)


@pytest.mark.parametrize(
    ("staged", "said", "after"),
    [
        ("", ["No staged deployment found; nothing to do."], {}),
        (
            f"  lab {STAGED}.0 (staged)\n",
            [
                f"Setting rollback trigger for deployment: {STAGED}",
                f"Set grubenv: greenboot_next_deployment_id={STAGED}",
                "Set grubenv: fallback=1",
                "Rollback trigger set successfully.",
            ],
            {"greenboot_next_deployment_id": STAGED, "fallback": "1"},
        ),
    ],
)
def test_the_trigger(root: Root, staged: str, said: list[str], after: dict[str, str]) -> None:
    root.write("run/fake/deployments", f"{staged}* lab {BOOTED}.0\n")
    assert run(root, "set-rollback-trigger") == (0, said)
    assert root.grubenv == after


def test_a_quiet_log(root: Root) -> None:
    put(root, BAD)
    assert run(root, "-l", "off", "health-check") == (1, [END])
    assert run(root, "-l", "loud", "health-check")[0] == 2
