# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a run that the ansible-runner library drives, as AWX does."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ansible_runner = pytest.importorskip("ansible_runner", reason="ansible-runner is not installed")

ROOT = Path(__file__).parents[4]

PLAY = """
- name: Play
  hosts: fleet
  gather_facts: false
  check_mode: true
  vars: {fleet_report_kind: drift}
  tasks:
    - name: Differs
      ansible.builtin.debug: {msg: it differs}
      changed_when: inventory_hostname == 'edge2'
"""


def test_drift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    for folder, name, content in (
        ("project", "play.yml", PLAY),
        ("inventory", "hosts.json", json.dumps({"fleet": {"hosts": {"edge1": {}, "edge2": {}}}})),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(content)
    run = ansible_runner.run(
        private_data_dir=str(tmp_path),
        playbook="play.yml",
        quiet=True,
        envvars={
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
            "ANSIBLE_CALLBACKS_ENABLED": "evergreen.fleet.fleet_report",
            "EVERGREEN_FLEET_REPORT_FOLDER": str(tmp_path / "report"),
        },
    )
    assert run.rc == 2
    # The library has heard of the end although the exit status was set before its own.
    assert run.stats["changed"] == {"edge2": 1}
    document = json.loads((tmp_path / "report" / "report.json").read_text())
    assert {node["name"]: node["status"] for node in document["nodes"]} == {"edge1": "clean", "edge2": "drift"}
