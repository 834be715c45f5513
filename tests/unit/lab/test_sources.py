# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Go code of the stand-in: its own tests, its checks, its licence."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import LAB_IMAGE

SOURCE = LAB_IMAGE / "rpm-ostree"
needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="there is no go on this machine")


def go(folder: Path, *argv: str) -> str:
    environment = dict(os.environ)
    environment["GOCACHE"] = environment.get("EVERGREEN_CACHE", str(folder)) + "/go-build"
    environment.update(
        {"GOFLAGS": "-mod=readonly", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOPATH": f"{folder}/path"}
    )
    done = subprocess.run(argv, cwd=SOURCE, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_go
def test_go_tests(tmp_path: Path) -> None:
    said = go(tmp_path, "go", "test", "./...")
    assert "evergreen.fleet/lab/rpm-ostree" in said


@needs_go
def test_go_checks(tmp_path: Path) -> None:
    go(tmp_path, "go", "vet", "./...")
    if shutil.which("gofmt") is not None:
        assert go(tmp_path, "gofmt", "-l", ".") == ""


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.go")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_licence_header(path: Path) -> None:
    head = path.read_text(encoding="utf-8").splitlines()[:3]
    assert head[0].startswith("// Copyright")
    assert head[2] == "// SPDX-License-Identifier: GPL-3.0-or-later"
