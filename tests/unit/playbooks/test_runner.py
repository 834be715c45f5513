# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rollout, driven by the ansible-runner library as AWX drives it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from .conftest import Fleet

ansible_runner = pytest.importorskip("ansible_runner", reason="ansible-runner is not installed")


@pytest.mark.parametrize(
    ("version", "status", "rc", "versions"),
    [("2", "successful", 0, ["2", "2", "2"]), ("2-bad", "failed", 2, ["1", "1", "1"])],
)
def test_rollout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, status: str, rc: int, versions: list[str]
) -> None:
    fleet = Fleet(tmp_path, "n1", "n2", "n3")
    monkeypatch.setenv("PATH", f"{fleet.folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.delenv("ANSIBLE_CONFIG", raising=False)
    (tmp_path / "runner").mkdir()
    run = ansible_runner.run(
        private_data_dir=str(tmp_path / "runner"),
        inventory=str(tmp_path / "inventory.json"),
        playbook="evergreen.fleet.rollout",
        extravars={"fleet_waves": [1, "100%"], "fleet_os_version": version},
        envvars=fleet.variables(),
        quiet=True,
    )
    assert (run.status, run.rc) == (status, rc)
    assert fleet.versions() == versions
    touched = ["n1"] if rc else ["n1", "n2", "n3"]
    assert [node["name"] for node in fleet.report()["nodes"] if node["status"] != "untouched"] == touched
