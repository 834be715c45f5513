# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The room that is kept back for going back: its scripts are really run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import jinja2
import pytest

TEMPLATES = Path(__file__).parents[3] / "roles" / "health_checks" / "templates"


class Node:
    """A folder that the scripts take for /var/lib/health-checks, and the programs they find."""

    def __init__(self, folder: Path) -> None:
        self.reserve = folder / "health-checks" / "reserve"
        self._programs = folder / "bin"
        self._programs.mkdir()

    def program(self, name: str, body: str) -> None:
        path = self._programs / name
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def boot_counter(self, value: int | None) -> None:
        """What grub2-editenv(1) lists."""
        lines = ["saved_entry=0", "boot_success=0", *([] if value is None else [f"boot_counter={value}"])]
        self.program("grub2-editenv", f"printf '%s\\n' {' '.join(lines)}")

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        # Shell, not HTML.
        environment = jinja2.Environment(  # noqa: S701
            loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined
        )
        environment.filters["dirname"] = os.path.dirname
        content = environment.get_template(f"reserve-{script}.sh.j2").render(
            health_checks_reserve=2, __health_checks_reserve_file=str(self.reserve)
        )
        return subprocess.run(
            ["bash", "-c", content],
            env={"PATH": f"{self._programs}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_room_is_kept_and_let_go(node: Node) -> None:
    for _boot in range(2):
        assert node.run("keep").returncode == 0
        status = node.reserve.stat()
        assert status.st_size == 2 * 1024 * 1024
        assert status.st_blocks * 512 >= status.st_size, "a hole keeps nothing back"
    node.boot_counter(0)
    assert node.run("release").returncode == 0
    assert not node.reserve.exists()
    assert node.run("release").returncode == 0


# The shell generation counts 2, 1, 0 and goes back in the next boot, with -1; the other one has no counter in the first
# red boot, then counts 2, 1, 0 too, and goes back at the end of the boot with 0.
@pytest.mark.parametrize(
    ("counter", "let_go"), [(None, False), (10, False), (2, False), (1, False), (0, True), (-1, True)]
)
def test_room_is_let_go_when_no_attempt_is_left(node: Node, counter: int | None, let_go: bool) -> None:
    assert node.run("keep").returncode == 0
    node.boot_counter(counter)
    assert node.run("release").returncode == 0
    assert node.reserve.exists() is not let_go


def test_a_full_disk_is_not_what_makes_a_boot_bad(node: Node) -> None:
    full = 'for file; do :; done; echo part >"$file"; echo "fallocate failed: No space left on device" >&2; exit 1'
    node.program("fallocate", full)
    done = node.run("keep")
    assert done.returncode == 0
    assert "no room to keep 2 MiB back for a rollback" in done.stderr
    assert not node.reserve.exists(), "what could be had of it is not kept"
