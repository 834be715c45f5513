# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What flatcar_update_info returns, and the programs that run on a node, run here where nothing of Flatcar is."""

from __future__ import annotations

import json
import pathlib
import subprocess
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.flatcar import read, slots, status
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed, File
from ansible_collections.evergreen.fleet.plugins.modules.flatcar_update_info import run

from .build import CHECKED, FakeNode, table

COORDINATOR = "/run/update-engine/coordinator.conf"
PREVIOUS = "/var/lib/update_engine/prefs/previous-version"


def file(text: str) -> File:
    return File(text.encode(), 0o644, "root", "root")


def survey(coordinator: File | None = None, previous: File | None = None, **state: t.Any) -> dict[str, t.Any]:
    node = FakeNode({**state, "answers": {COORDINATOR: coordinator, PREVIOUS: previous}})
    found = run(node, {}, False)
    assert json.loads(json.dumps(found)) == found
    assert (found["changed"], node.gathers, node.done) == (False, 1, [])
    return found


def test_a_fresh_node() -> None:
    found = survey()
    assert found["version"] == "3760.2.0"
    assert found["status"] == {
        "operation": "UPDATE_STATUS_IDLE",
        "progress": 0.0,
        "new_version": None,
        "new_size": 0,
        "last_checked": CHECKED,
    }
    assert [(slot["label"], slot["booted"], slot["boots_next"]) for slot in found["slots"]] == [
        ("USR-A", True, True),
        ("USR-B", False, False),
    ]
    assert [found[name] for name in ("reboot_needed", "coordinator", "previous_version")] == [False, None, None]
    assert found["units"]["locksmithd"] == {
        "load_state": "loaded",
        "active_state": "active",
        "unit_file_state": "",
        "refused": False,
    }


def test_an_updated_node() -> None:
    found = survey(
        coordinator=file("# who reboots\nNAME=locksmithd\nSTATE=active\n"),
        previous=file("3760.2.0\n"),
        conf="GROUP=beta\nDOWNLOAD_PASSWORD=secret\nSERVER=disabled\n",
        booted=4,
        versions={3: "3760.2.0", 4: "3815.2.1"},
        slots=[(1, 0, 1), (2, 0, 1)],
    )
    assert [slot["version"] for slot in found["slots"]] == ["3760.2.0", "3815.2.1"]
    assert (found["previous_version"], found["coordinator"]) == ("3760.2.0", {"NAME": "locksmithd", "STATE": "active"})
    assert (found["configuration"]["held"], found["configuration"]["group"]) == (True, "beta")
    assert "secret" not in json.dumps(found)


def test_an_update_engine_that_does_not_run() -> None:
    found = survey(engine={"LoadState": "masked", "ActiveState": "inactive"}, locksmith={"LoadState": "masked"})
    assert (found["status"], found["status_missing"]) == (None, "update-engine.service does not run")


def test_a_reboot_is_needed_when_another_slot_boots_next() -> None:
    assert survey(slots=[(1, 0, 1), (2, 0, 1)])["reboot_needed"] is True
    assert survey(status={"operation": "UPDATED_NEED_REBOOT"})["reboot_needed"] is True


def test_another_system() -> None:
    with pytest.raises(FleetError, match="this node runs debian and not Flatcar"):
        survey(system="debian")


@pytest.fixture
def flatcar(tmp_path: pathlib.Path) -> dict[str, str]:
    """A PATH with programs of Flatcar that say what those say."""
    programs = {
        "systemctl": 'case "$*" in *is-active*) exit 0 ;; *MainPID*) echo "$PPID" ;; esac',
        "update_engine_client": "printf 'LAST_CHECKED_TIME=1\\nCURRENT_OP=UPDATE_STATUS_IDLE\\n'",
        "rootdev": "echo /dev/vda3",
        "readlink": f"echo {tmp_path}/sys/vda/vda3",
        "lsblk": 'case "$3" in *3) echo USR-A ;; *4) echo USR-B ;; *) echo OEM ;; esac',
        "unshare": 'shift 4; echo "version $3 3815.2.1"',
        "cgpt": f"[ \"$*\" = 'show /dev/vda' ] && cat {tmp_path}/table",
    }
    for name, text in programs.items():
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    for number in (1, 3, 4):
        partition = tmp_path / f"sys/vda/vda{number}/partition"
        partition.parent.mkdir(parents=True)
        partition.write_text(f"{number}\n")
    (tmp_path / "table").write_text(table((2, 0, 1), (1, 1, 0)))
    return {"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "REBOOT_STRATEGY": "off", "LOCKSMITHD_ETCD_PASSWORD": "secret"}


def output(argv: t.Sequence[str], environment: dict[str, str]) -> str:
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=True, text=True, env=environment)
    return done.stdout


@pytest.mark.parametrize(("versions", "other"), [(True, "3815.2.1"), (False, None)])
def test_the_programs_for_slots(flatcar: dict[str, str], versions: bool, other: str | None) -> None:
    found = slots.parse(output(slots.argv(versions=versions), flatcar), "3760.2.0")
    assert [(slot.label, slot.device, slot.booted, slot.version) for slot in found] == [
        ("USR-A", "/dev/vda3", True, "3760.2.0"),
        ("USR-B", "/dev/vda4", False, other),
    ]


def test_the_program_for_the_status(flatcar: dict[str, str]) -> None:
    answer = status.read(Completed(status.ARGV, 0, output(status.ARGV, flatcar), ""))
    assert answer.status is not None
    assert answer.status.operation == status.IDLE


def test_the_program_for_the_environment_tells_no_secrets(flatcar: dict[str, str]) -> None:
    argv = read.questions(versions=False)["environment"]
    # In the place of locksmithd stands the shell that runs the program.
    assert output(list(argv), flatcar) == "REBOOT_STRATEGY=off\n"
