# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A delivered script as bash runs it: what the user wrote, within its time."""

from __future__ import annotations

import pathlib
import subprocess
import time

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot.deliver import MARK, delivered
from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot.wanted import Script

# As the shell generation and greenboot-rs start a script.
WAYS = [["bash"], ["bash", "-C"]]


def script(content: str, timeout: int = 300) -> Script:
    return Script("required", "a", 50, content, 0o755, timeout, "required_checks[0]")


def put(folder: pathlib.Path, content: str, timeout: int = 300) -> str:
    path = folder / "50_a.sh"
    path.write_bytes(delivered(script(content, timeout)))
    return str(path)


@pytest.mark.parametrize(
    ("content", "first", "last"),
    [
        ("#!/bin/sh -e\ntrue\n", "#!/bin/sh -e", "true"),
        ("true", "#!/bin/bash", "true"),
        ("# a comment\ntrue\n", "#!/bin/bash", "true"),
        ("#!/bin/sh", "#!/bin/sh", MARK),
    ],
)
def test_the_mark_is_the_second_line(content: str, first: str, last: str) -> None:
    for timeout in (0, 300):
        text = delivered(script(content, timeout)).decode()
        assert text.splitlines()[:2] == [first, MARK]
        assert text.endswith("\n")
        assert text.splitlines()[-1] == (last if last != MARK or not timeout else "unset EVERGREEN_LIMIT")


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
@pytest.mark.parametrize("timeout", [0, 300])
def test_output_and_exit_code_are_those_of_the_script(tmp_path: pathlib.Path, way: list[str], timeout: int) -> None:
    path = put(tmp_path, "#!/bin/bash\necho out\necho err >&2\nexit 7\n", timeout)
    done = subprocess.run([*way, path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err\n")


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_a_script_that_hangs_fails_in_time_and_says_so(tmp_path: pathlib.Path, way: list[str]) -> None:
    path = put(tmp_path, "echo begun\nsleep 60\n", 1)
    begin = time.monotonic()
    done = subprocess.run([*way, path], capture_output=True, text=True, check=False)
    assert time.monotonic() - begin < 10
    assert (done.returncode, done.stdout) == (124, "begun\n")
    assert done.stderr == f"{path} was stopped after 1 seconds\n"


def test_both_generations_may_write_to_a_file_that_exists(tmp_path: pathlib.Path) -> None:
    log = tmp_path / "log"
    log.write_text("old\n")
    path = put(tmp_path, f"echo new >{log}\n")
    for way in WAYS:
        subprocess.run([*way, path], check=True)
    assert log.read_text() == "new\n"


def test_a_script_that_runs_another_leaves_it_its_own_limit(tmp_path: pathlib.Path) -> None:
    inner = tmp_path / "inner.sh"
    inner.write_bytes(delivered(script("sleep 60\n", 1)))
    path = put(tmp_path, f"bash {inner} 2>/dev/null; echo $?\n")
    done = subprocess.run(["bash", path], capture_output=True, text=True, check=False)
    assert done.stdout == "124\n"
