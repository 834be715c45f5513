# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shell generation of greenboot (0.15.9) in the lab guest: its programs, one after another."""

from __future__ import annotations

from pathlib import Path

import pytest

from .greenboot import Root, packages

REQUIRED = "Running Required Health Check Scripts..."
WANTED = "Running Wanted Health Check Scripts..."
VENDOR = [
    REQUIRED,
    "<6>Script '00_required_scripts_start.sh' SUCCESS",
    "<6>Script '01_repository_dns_check.sh' SUCCESS",
    "<6>Script '02_watchdog.sh' SUCCESS",
    WANTED,
    "<6>Script '00_wanted_scripts_start.sh' SUCCESS",
    "<6>Script '01_update_platforms_check.sh' SUCCESS",
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packages("shell", tmp_path_factory.mktemp("shell"))


@pytest.fixture
def root(tmp_path: Path, tree: Path) -> Root:
    return Root(tmp_path, tree)


@pytest.mark.parametrize(
    ("files", "code", "said"),
    [
        ({}, 0, [REQUIRED, WANTED]),
        # Neither the executable bit nor a shebang is needed; folders are entered; only .sh counts.
        (
            {"required.d/20_b.sh": "true", "required.d/10/a.sh": "true", "required.d/c": "exit 1"},
            0,
            [REQUIRED, "<6>Script 'a.sh' SUCCESS", "<6>Script '20_b.sh' SUCCESS", WANTED],
        ),
        # The first failure ends it: wanted.d is not looked at.
        (
            {"required.d/1.sh": "exit 3", "required.d/2.sh": "true", "wanted.d/3.sh": "true"},
            1,
            [
                REQUIRED,
                "<0>Script '1.sh' FAILURE (exit code '3'). Continuing...",
                "<5>'2.sh' was skipped due to a previous failure",
            ],
        ),
        ({"required.d/1.sh": "if then"}, 1, [REQUIRED, "<0>Script '1.sh' FAILURE (exit code '2'). Continuing..."]),
        (
            {"wanted.d/1.sh": "exit 1", "wanted.d/2.sh": "true"},
            0,
            [REQUIRED, WANTED, "<2>Script '1.sh' FAILURE (exit code '1'). Continuing...", "<6>Script '2.sh' SUCCESS"],
        ),
    ],
)
def test_checks(root: Root, files: dict[str, str], code: int, said: list[str]) -> None:
    for name, content in files.items():
        root.write(f"etc/greenboot/check/{name}", content)
    assert root.call("greenboot", "check") == (code, VENDOR + said)


def test_what_a_check_says_is_logged_under_its_name(root: Root) -> None:
    root.write("etc/greenboot/check/required.d/10_zsh.sh", "echo no zsh; echo here >&2; exit 1")
    root.call("greenboot", "check")
    assert root.read("run/fake/said").splitlines()[-2:] == ["10_zsh.sh: no zsh", "10_zsh.sh: here"]


def test_disabled_checks_may_span_lines(root: Root) -> None:
    root.write("etc/greenboot/greenboot.conf", 'DISABLED_HEALTHCHECKS=("1.sh"\n "02_watchdog.sh")\n')
    root.write("etc/greenboot/check/required.d/1.sh", "exit 1")
    code, said = root.call("greenboot", "check")
    assert code == 0
    assert [line for line in said if "skipped" in line] == [
        "<5>'02_watchdog.sh' was skipped, as specified in config",
        "<5>'1.sh' was skipped, as specified in config",
    ]


def test_green_and_red_scripts(root: Root) -> None:
    root.write("etc/greenboot/green.d/1.sh", "true")
    root.write("etc/greenboot/red.d/1.sh", "exit 1")
    green, red = "Running Green Scripts...", "Running Red Scripts..."
    assert root.call("greenboot", "green") == (
        0,
        ["<5>Boot Status is GREEN - Health Check SUCCESS", green, green, "<6>Script '1.sh' SUCCESS"],
    )
    assert root.call("greenboot", "red") == (
        0,
        [
            "<0>Boot Status is RED - Health Check FAILURE!",
            red,
            red,
            "<2>Script '1.sh' FAILURE (exit code '1'). Continuing...",
        ],
    )


@pytest.mark.parametrize(
    ("config", "argv", "attempts"),
    [("", (), "3"), ("GREENBOOT_MAX_BOOT_ATTEMPTS=5\n", (), "5"), ("GREENBOOT_MAX_BOOT_ATTEMPTS=5\n", ("1",), "1")],
)
def test_a_staged_deployment_is_counted(root: Root, config: str, argv: tuple[str, ...], attempts: str) -> None:
    root.write("etc/greenboot/greenboot.conf", config)
    root.grubenv = {"boot_success": "1"}
    said = f"<3>GRUB2 environment variables have been set for system upgrade. Max boot attempts is {attempts}"
    assert root.call("greenboot-grub2-set-counter", *argv) == (0, [said])
    assert root.grubenv == {"boot_counter": attempts, "boot_success": "0"}


def test_a_good_boot_ends_the_counting(root: Root) -> None:
    root.grubenv = {"boot_counter": "2", "boot_success": "0", "other": "kept"}
    assert root.call("greenboot-grub2-set-success") == (0, [])
    assert root.grubenv == {"boot_success": "1", "other": "kept"}


@pytest.mark.parametrize("counter", [None, "2", "0"])
def test_no_fallback(root: Root, counter: str | None) -> None:
    root.grubenv = {"boot_counter": counter} if counter else {}
    before = root.grubenv
    assert root.call("greenboot-rpm-ostree-grub2-check-fallback") == (0, [])
    assert (root.grubenv, root.calls) == (before, [])


def test_a_fallback(root: Root) -> None:
    root.grubenv = {"boot_counter": "-1", "boot_success": "0"}
    root.write(
        "run/fake/journal -u greenboot-healthcheck.service -p 2 -b -1 -o cat",
        "Script '1.sh' FAILURE (exit code '1'). Continuing...\n",
    )
    assert root.call("greenboot-rpm-ostree-grub2-check-fallback") == (
        0,
        [
            "<3>FALLBACK BOOT DETECTED! Default rpm-ostree deployment has been rolled back.",
            "<3>Health check logs from previous boot:",
            "Script '1.sh' FAILURE (exit code '1'). Continuing...",
        ],
    )
    assert root.calls == ["rpm-ostree rollback"]
    assert root.grubenv == {"boot_success": "0"}


@pytest.mark.parametrize(
    ("counter", "entries", "code", "said", "calls"),
    [
        ("2", 2, 0, "<1>SYSTEM is UNHEALTHY. Rebooting...", ["reboot "]),
        ("0", 2, 0, "<1>SYSTEM is UNHEALTHY. Rebooting...", ["reboot "]),
        (
            None,
            2,
            1,
            "<0>SYSTEM is UNHEALTHY, but boot_counter is unset in grubenv. Manual intervention necessary.",
            [],
        ),
        ("-1", 2, 2, "<0>FALLBACK BOOT DETECTED but SYSTEM is still UNHEALTHY. Manual intervention necessary.", []),
        ("2", 1, 3, "<0>SYSTEM is UNHEALTHY, but bootlader entry count is 1. Manual intervention necessary.", []),
    ],
)
def test_a_red_boot(root: Root, counter: str | None, entries: int, code: int, said: str, calls: list[str]) -> None:
    root.grubenv = {"boot_counter": counter} if counter else {}
    if entries == 1:
        (root.root / "boot/loader/entries/2.conf").unlink()
    assert root.call("redboot-auto-reboot") == (code, [said])
    assert root.calls == calls


def log(root: Root, unit: str, priority: int, text: str) -> None:
    root.write(f"run/fake/journal -b 0 -q -o cat -u {unit}.service -p {priority}", text + "\n")


def test_login_message(root: Root) -> None:
    assert root.call("greenboot-loading-message")[0] == 0
    assert root.read("run/motd.d/boot-status").startswith("GREENBOOT is currently performing the provided checks.\n")
    root.call("greenboot-status")
    assert root.read("run/motd.d/boot-status") == "WARNING: No greenboot logs were found!\n"
    log(root, "greenboot-healthcheck", 2, "wanted failed")
    log(root, "greenboot-task-runner", 5, "green")
    log(root, "redboot-task-runner", 0, "red")
    log(root, "redboot-auto-reboot", 1, "reboot")
    log(root, "greenboot-rpm-ostree-grub2-check-fallback", 3, "fallback")
    root.call("greenboot-status")
    assert root.read("run/motd.d/boot-status") == "wanted failed\nred\nreboot\nfallback\n"
    root.write("run/fake/complete", "")
    root.call("greenboot-status")
    assert root.read("run/motd.d/boot-status") == "wanted failed\ngreen\nfallback\n"
