# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Updates from their first boot to the last, on both generations of greenboot, with the power cut in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .greenboot import BOOTED as OLD
from .greenboot import STAGED as NEW
from .greenboot import Root, packages

# Fails on the new deployment only.
CHECK = f'case $(ostree admin status) in *"* lab {NEW}"*) exit 1 ;; esac'
RED = "/usr/bin/grub2-editenv - list | grep ^boot_counter= >> /run/red; true"


class Node(Root):
    """A node with two deployments, the boot loader of the lab guest, and systemd's part in greenboot."""

    def __init__(self, work: Path, tree: Path, shell: bool) -> None:
        super().__init__(work, tree)
        self.shell = shell
        self.default, self.booted = NEW, OLD
        self.boots: list[str] = []
        self.write("etc/greenboot/check/required.d/10.sh", CHECK)
        self.write("etc/greenboot/red.d/1.sh", RED)

    def status(self, staged: str = "") -> None:
        other = OLD if self.booted == NEW else NEW
        self.write("run/fake/deployments", f"{staged}* lab {self.booted}.0\n  lab {other}.0\n")

    def shut_down_with_the_update_staged(self) -> None:
        self.grubenv = {"boot_success": "1"}
        if self.shell:
            self.call("greenboot-grub2-set-counter")
        else:
            self.status(f"  lab {NEW}.0 (staged)\n")
            self.call("greenboot", "set-rollback-trigger")

    def boot(self) -> None:
        """The boot loader: as grub-header.cfg."""
        env = self.grubenv
        self.booted = self.default
        if "boot_counter" in env and env.get("boot_success") == "0":
            if int(env["boot_counter"]) <= 0:
                self.booted = OLD if self.default == NEW else NEW
                env["boot_counter"] = "-1"
            else:
                env["boot_counter"] = str(int(env["boot_counter"]) - 1)
        self.grubenv = {**env, "boot_success": "0"}
        self.boots.append(self.booted)
        self.write("run/calls", "")
        self.status()

    def check(self) -> str:
        """The boot up to its verdict: green, red, or again for one that reboots."""
        green = self._check_shell() if self.shell else self.call("greenboot", "health-check")[0] == 0
        if "rpm-ostree rollback" in self.calls:
            self.default = OLD
            # The Rust generation finds it in the journal of the boot before.
            said = "Rollback successful\n" if self.booted == NEW else ""
            self.write("run/fake/journal -b -1 -u greenboot-healthcheck.service --no-pager", said)
        if green:
            return "green"
        return "again" if {"reboot ", "systemctl reboot"} & set(self.calls) else "red"

    def _check_shell(self) -> bool:
        self.call("greenboot-rpm-ostree-grub2-check-fallback")
        if self.call("greenboot", "check")[0] == 0:
            self.call("greenboot-grub2-set-success")
            return True
        self.call("greenboot", "red")
        self.call("redboot-auto-reboot")
        return False

    def settle(self, cut: Callable[[Node], bool] | None = None) -> str:
        """Boot until it stays up. ``cut`` says in which boots the power is gone while the checks run."""
        for _boot in range(12):
            self.boot()
            verdict = "again" if cut and cut(self) else self.check()
            if verdict != "again":
                return verdict
        raise AssertionError("it reboots for ever")


@pytest.fixture(scope="module", params=["shell", "rust"])
def generation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    return request.param, packages(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture
def node(tmp_path: Path, generation: tuple[str, Path]) -> Node:
    name, tree = generation
    return Node(tmp_path, tree, name == "shell")


def test_a_bad_update(node: Node) -> None:
    """The Rust generation counts from the first failure on."""
    node.shut_down_with_the_update_staged()
    assert node.settle() == "green"
    tries = 3 if node.shell else 4
    assert node.boots == [NEW] * tries + [OLD]
    assert node.read("run/red").split() == ["boot_counter=2", "boot_counter=1", "boot_counter=0"]
    assert node.default == OLD
    assert node.grubenv == {"boot_success": "1"}
    # The boot after it is an ordinary one.
    assert node.settle() == "green"
    assert node.boots[-1] == OLD


def test_the_power_is_cut_whenever_the_boot_loader_counts(node: Node) -> None:
    """It counts by itself, so that the same end comes no later."""
    node.shut_down_with_the_update_staged()
    assert node.settle(cut=lambda node: node.grubenv.get("boot_counter", "-1") in "210") == "green"
    tries = 3 if node.shell else 4
    assert node.boots == [NEW] * tries + [OLD]
    assert node.default == OLD
    assert node.grubenv == {"boot_success": "1"}


def test_a_good_update(node: Node) -> None:
    node.write("etc/greenboot/check/required.d/10.sh", "true")
    node.shut_down_with_the_update_staged()
    assert node.settle() == "green"
    assert node.boots == [NEW]
    assert node.grubenv == {"boot_success": "1"}


def test_a_check_that_fails_on_both(node: Node) -> None:
    """The node stays up and red on the deployment that ran before, and does not reboot for ever."""
    node.write("etc/greenboot/check/required.d/10.sh", "exit 1")
    node.shut_down_with_the_update_staged()
    assert node.settle() == "red"
    assert node.boots[-1] == node.default == OLD
    assert len(node.boots) == (4 if node.shell else 8)
