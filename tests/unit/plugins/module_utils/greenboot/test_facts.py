# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module greenboot_info: what it reads, how often, what it says, and a run of the checks with real shells."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import time
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot import health, verdict
from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot.facts import report
from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot.layout import CHECK_FALLBACK, HEALTH_CHECK

from . import boots
from .boots import CHECK
from .test_grubenv import block
from .tree import Tree

VENDOR = "/usr/lib/greenboot/check"
PROGRAM = "/usr/libexec/greenboot/greenboot"
# What the releases of the shell generation are told by.
SINCE_0_15_8 = "'was skipped due to a previous failure' DISABLED_HEALTHCHECKS"
SINCE_0_15_5 = "DISABLED_HEALTHCHECKS"
BEFORE = "#!/bin/bash"

FELL_BACK = f"9.0 {CHECK_FALLBACK} FALLBACK BOOT DETECTED! Default rpm-ostree deployment has been rolled back."

DEPLOYMENTS = {
    "deployments": [
        {"id": "os-a.0", "checksum": "a", "version": "1", "booted": True},
        {"id": "os-b.0", "checksum": "b", "version": "2", "booted": False},
    ]
}


def node(
    folder: pathlib.Path, generation: str, said: str = "active", lines: str = "", program: str = SINCE_0_15_8
) -> Tree:
    tree = Tree(folder, generation)
    tree.active[HEALTH_CHECK] = said
    tree.answers = {
        "journalctl": boots.journal(lines),
        "rpm-ostree status": json.dumps(DEPLOYMENTS),
        "rpm -q": "0.15.9\n",
    }
    tree.put(PROGRAM, program)
    for name in ("10_zsh.sh", "20_off.sh", "50_route.sh"):
        tree.put(f"{CHECK}/required.d/{name}", "#!/bin/bash\n", 0o755)
    tree.put(f"{CHECK}/wanted.d/50_time.sh", "#!/bin/bash\n", 0o755)
    return tree


def facts(tree: Tree, **options: t.Any) -> dict[str, t.Any]:
    return report(tree, **{"run": False, "timeout": 300, "check": False, **options})


@pytest.mark.parametrize(("generation", "lines"), [("shell", boots.SHELL_GREEN), ("rust", boots.RUST_GREEN)])
def test_a_green_boot_in_one_round_trip(tmp_path: pathlib.Path, generation: str, lines: str) -> None:
    tree = node(tmp_path, generation, lines=lines)
    tree.put("/etc/greenboot/greenboot.conf", 'GREENBOOT_MAX_BOOT_ATTEMPTS=5\nDISABLED_HEALTHCHECKS=("20_off.sh")\n')
    tree.put("/boot/grub2/grubenv", block("boot_success=1\n"))
    found = facts(tree)
    assert tree.trips == 1
    assert tree.log == []
    assert {each["name"]: each["result"] for each in found["checks"]} == {
        "10_zsh.sh": "passed",
        "20_off.sh": "skipped",
        "50_route.sh": "passed",
        "50_time.sh": "failed",
    }
    expected = {
        "generation": generation,
        "version": "0.15.9",
        "verdict": "green",
        "fallback": None,
        "boot_counter": None,
        "attempts_left": None,
        "boot_success": True,
        "max_boot_attempts": 5,
        "disabled_checks": ["20_off.sh"],
        "run": None,
        "warnings": [],
    }
    assert {key: found[key] for key in expected} == expected
    assert found["checks"][0]["path"] == f"{CHECK}/required.d/10_zsh.sh"


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ({"ActiveState": "active"}, "green"),
        ({"ActiveState": "failed"}, "red"),
        ({"ActiveState": "activating", "Job": "12"}, "in_progress"),
        ({"ActiveState": "inactive", "Job": "12"}, "in_progress"),
        ({"ActiveState": "inactive", "Job": "0"}, "not_run"),
        ({"ActiveState": "inactive", "Job": ""}, "not_run"),
        ({"ActiveState": "deactivating", "Job": ""}, "not_run"),
        ({}, "not_run"),
    ],
)
def test_verdict(unit: dict[str, str], said: str) -> None:
    assert verdict.verdict(unit) == said


@pytest.mark.parametrize(
    ("counter", "left"), [("boot_counter=2\n", 2), ("boot_counter=0\n", 0), ("boot_counter=-1\n", 0), ("", None)]
)
def test_attempts_left(tmp_path: pathlib.Path, counter: str, left: int | None) -> None:
    tree = node(tmp_path, "shell", "failed", boots.SHELL_RED_EARLY)
    tree.put("/boot/grub/grubenv", block(f"{counter}boot_success=0\n"))
    found = facts(tree)
    assert (found["verdict"], found["attempts_left"], found["boot_success"]) == ("red", left, False)


@pytest.mark.parametrize(
    ("generation", "lines"),
    [
        ("shell", FELL_BACK),
        ("rust", "9.0 greenboot >FALLBACK BOOT DETECTED! Default bootc deployment has been rolled back."),
    ],
)
def test_a_fallback_has_a_verdict_of_its_own(tmp_path: pathlib.Path, generation: str, lines: str) -> None:
    found = facts(node(tmp_path, generation, lines=lines))
    assert found["verdict"] == "green"
    assert found["fallback"]["failed"] == {"id": "os-b.0", "checksum": "b", "version": "2"}
    assert found["fallback"]["booted"] == {"id": "os-a.0", "checksum": "a", "version": "1"}


@pytest.mark.parametrize(
    ("generation", "before", "result", "output"),
    [
        ("shell", boots.SHELL_RED_EARLY, "failed", "zsh is missing"),
        ("rust", boots.RUST_RED, "failed", "zsh is missing\n\n/etc/greenboot/check/required.d/10_zsh.sh: line 4: boom"),
        # It was off, or killed, before the check had ended.
        ("shell", "10.0 greenboot Running Required Health Check Scripts...", "failed", ""),
        ("rust", "10.0 greenboot >running required check R/10_zsh.sh", "failed", ""),
        # Its journal was not kept.
        ("rust", "", "unknown", ""),
    ],
)
def test_a_fallback_has_the_checks_of_the_boot_before(
    tmp_path: pathlib.Path, generation: str, before: str, result: str, output: str
) -> None:
    green = {"shell": boots.SHELL_GREEN, "rust": boots.RUST_GREEN}[generation]
    tree = node(tmp_path, generation, lines=f"{FELL_BACK}\n{green.lstrip()}")
    # The number of the boot is the first argument of the script that asks the journal.
    tree.answers = {" sh -1 ": boots.journal(before), **tree.answers}
    found = facts(tree)
    assert found["checks"][0]["result"] == "passed"
    first = found["fallback"]["checks"][0]
    assert (first["name"], first["result"], first["output"]) == ("10_zsh.sh", result, output)
    assert tree.trips == 2


def test_words_of_a_script_are_no_fallback(tmp_path: pathlib.Path) -> None:
    lines = "9.0 user@0.service FALLBACK BOOT DETECTED! Default rpm-ostree deployment has been rolled back."
    assert facts(node(tmp_path, "shell", lines=lines))["fallback"] is None


@pytest.mark.parametrize(
    ("status", "failed", "booted"),
    [
        ("", None, None),
        ("{}", None, None),
        ('{"deployments": [{"id": "x", "booted": false}]}', None, None),
        ('{"deployments": [{"id": "x", "booted": true}]}', None, {"id": "x", "checksum": None, "version": None}),
        # An update that was staged since, and a fallback that could not be made the default.
        (
            '{"deployments": [{"id": "n", "booted": false, "staged": true}, {"id": "f", "booted": false},'
            ' {"id": "x", "booted": true}, {"id": "o", "booted": false}]}',
            {"id": "f", "checksum": None, "version": None},
            {"id": "x", "checksum": None, "version": None},
        ),
    ],
)
def test_a_fallback_whose_deployments_are_unknown(
    tmp_path: pathlib.Path, status: str, failed: t.Any, booted: t.Any
) -> None:
    tree = node(tmp_path, "shell", lines=FELL_BACK)
    tree.answers["rpm-ostree status"] = status
    found = facts(tree)["fallback"]
    assert (found["failed"], found["booted"]) == (failed, booted)


@pytest.mark.parametrize(
    ("said", "result"),
    [("active", "unknown"), ("failed", "unknown"), ("activating", "not_run"), ("inactive", "not_run")],
)
def test_a_journal_that_does_not_tell(tmp_path: pathlib.Path, said: str, result: str) -> None:
    found = facts(node(tmp_path, "shell", said))
    assert [each["result"] for each in found["checks"]] == [result] * 4


@pytest.mark.parametrize(
    ("files", "counts"),
    [
        ({}, None),
        ({"/boot/grub2/grub.cfg": 'if [ -n "${boot_counter}" ]; then'}, True),
        ({"/boot/grub2/grub.cfg": "blscfg"}, False),
        ({"/boot/grub/grub.cfg": "load_env boot_counter"}, True),
        ({"/boot/grub/grub.cfg": ""}, False),
    ],
)
def test_whether_grub_counts(tmp_path: pathlib.Path, files: dict[str, str], counts: bool | None) -> None:
    tree = node(tmp_path, "rust")
    for path, content in files.items():
        tree.put(path, content)
    assert facts(tree)["counts_boots"] is counts


def test_a_broken_environment_block_is_a_warning(tmp_path: pathlib.Path) -> None:
    tree = node(tmp_path, "rust")
    tree.put("/boot/grub2/grubenv", b"boot_counter=1\n")
    found = facts(tree)
    assert found["boot_counter"] is None
    assert "no block of 1024 bytes" in found["warnings"][0]


@pytest.mark.parametrize(
    ("generation", "program", "text", "disabled"),
    [
        ("shell", SINCE_0_15_5, "DISABLED_HEALTHCHECKS=(\n  'a.sh' # why\n  b.sh\n)\n", ["a.sh", "b.sh"]),
        ("rust", "", 'DISABLED_HEALTHCHECKS=(\n"a.sh"\n)\n', []),
        ("rust", "", 'DISABLED_HEALTHCHECKS=("a.sh" "b.sh")\n', ["a.sh", "b.sh"]),
        ("shell", BEFORE, 'DISABLED_HEALTHCHECKS=("a.sh")\n', []),
        ("shell", SINCE_0_15_5, "", []),
        ("shell", SINCE_0_15_5, "DISABLED_HEALTHCHECKS=(a.sh)\nDISABLED_HEALTHCHECKS+=(b.sh)\n", ["a.sh", "b.sh"]),
    ],
)
def test_which_checks_the_release_leaves_out(
    tmp_path: pathlib.Path, generation: str, program: str, text: str, disabled: list[str]
) -> None:
    tree = node(tmp_path, generation, program=program)
    tree.put("/etc/greenboot/greenboot.conf", text)
    assert facts(tree)["disabled_checks"] == disabled


def test_a_node_whose_systemd_does_not_answer(tmp_path: pathlib.Path) -> None:
    tree = node(tmp_path, "rust")
    tree.systemd = False
    with pytest.raises(FleetError, match="edge-1 does not tell what its units are: Failed to connect to bus"):
        facts(tree)


def test_a_node_without_greenboot(tmp_path: pathlib.Path) -> None:
    found = facts(Tree(tmp_path, None))
    assert (found["generation"], found["verdict"], found["checks"]) == (None, "not_run", [])
    with pytest.raises(FleetError, match="run: greenboot is not installed on edge-1"):
        facts(Tree(tmp_path, None), run=True)


def scripts(tree: Tree, **contents: str) -> None:
    """By place and name, as vr_10_a for the vendor's required.d and aw_10_b for the administrator's wanted.d."""
    for path in tree.at(CHECK).rglob("*.sh"):
        path.unlink()
    for name, content in contents.items():
        base = VENDOR if name[0] == "v" else CHECK
        folder = "required.d" if name[1] == "r" else "wanted.d"
        tree.put(f"{base}/{folder}/{name[3:]}.sh", f"#!/bin/bash\n{content}\n", 0o755)


def test_a_run_tells_exit_code_output_and_duration(tmp_path: pathlib.Path) -> None:
    tree = node(tmp_path, "shell")
    scripts(tree, vr_10_a="echo out; echo err >&2", ar_20_b="sleep 0.2", aw_30_c="echo 'ünïcödé'; exit 3")
    ran = facts(tree, run=True)["run"]
    assert tree.trips == 2
    assert tree.log == []
    assert ran["verdict"] == "green"
    a, b, c = ran["checks"]
    assert (a["result"], a["rc"], a["output"], a["kind"]) == ("passed", 0, "out\nerr", "required")
    assert (b["result"], b["rc"], b["output"]) == ("passed", 0, "")
    assert 0.1 <= b["duration"] < 5
    assert (c["result"], c["rc"], c["output"], c["kind"]) == ("failed", 3, "ünïcödé", "wanted")


def outcome(tree: Tree, **options: t.Any) -> list[tuple[str, str]]:
    return [(each["name"], each["result"]) for each in facts(tree, run=True, **options)["run"]["checks"]]


@pytest.mark.parametrize(
    ("generation", "program", "expected"),
    [
        ("shell", SINCE_0_15_8, ["failed", "not_run", "not_run", "not_run", "not_run"]),
        ("shell", SINCE_0_15_5, ["failed", "passed", "passed", "passed", "passed"]),
        ("shell", BEFORE, ["failed", "passed", "not_run", "not_run", "not_run"]),
        ("rust", "", ["failed", "not_run", "not_run", "not_run", "not_run"]),
    ],
)
def test_what_a_failure_keeps_from_running(
    tmp_path: pathlib.Path, generation: str, program: str, expected: list[str]
) -> None:
    tree = node(tmp_path, generation, program=program)
    scripts(tree, vr_10_a="false", vr_20_b="true", vw_30_c="true", ar_40_d="true", aw_50_e="true")
    assert [result for _name, result in outcome(tree)] == expected
    assert facts(tree, run=True)["run"]["verdict"] == "red"


def test_a_disabled_check_is_not_run_and_stops_nothing(tmp_path: pathlib.Path) -> None:
    tree = node(tmp_path, "rust")
    tree.put("/etc/greenboot/greenboot.conf", 'DISABLED_HEALTHCHECKS=("10_a.sh")\n')
    scripts(tree, ar_10_a="false", ar_20_b="true")
    assert outcome(tree) == [("10_a.sh", "skipped"), ("20_b.sh", "passed")]


def test_nothing_to_run(tmp_path: pathlib.Path) -> None:
    tree = node(tmp_path, "rust")
    scripts(tree)
    assert facts(tree, run=True)["run"] == {"verdict": "green", "checks": []}
    assert tree.trips == 1


def test_a_check_that_hangs_is_stopped(tmp_path: pathlib.Path) -> None:
    tree = node(tmp_path, "shell")
    scripts(tree, ar_10_a="echo waiting; sleep 60", ar_20_b="true")
    begin = time.monotonic()
    first, _second = facts(tree, run=True, timeout=1)["run"]["checks"]
    assert time.monotonic() - begin < 10
    assert (first["result"], first["rc"], first["output"]) == ("failed", 124, "waiting")


def test_what_a_check_leaves_behind_holds_up_nobody(tmp_path: pathlib.Path) -> None:
    tree = node(tmp_path, "rust")
    scripts(tree, ar_10_a="sleep 20 & echo started")
    begin = time.monotonic()
    assert outcome(tree) == [("10_a.sh", "passed")]
    assert time.monotonic() - begin < 10


def test_programs_are_run_by_greenboot_rs_only(tmp_path: pathlib.Path) -> None:
    for generation, expected in (("shell", []), ("rust", [("program", "passed")])):
        tree = node(tmp_path / generation, generation)
        scripts(tree)
        tree.put(f"{CHECK}/required.d/program", "#!/bin/sh\nexit 0\n", 0o755)
        assert outcome(tree) == expected


def test_in_check_mode_nothing_is_run(tmp_path: pathlib.Path) -> None:
    tree = node(tmp_path, "rust")
    assert facts(tree, run=True, check=True)["run"] is None
    assert tree.trips == 1


def test_a_timeout_of_nothing(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FleetError, match="timeout: 0 must be"):
        facts(node(tmp_path, "rust"), timeout=0)


def test_the_journal_is_asked_for_units_and_scripts(tmp_path: pathlib.Path) -> None:
    stub = tmp_path / "bin" / "journalctl"
    stub.parent.mkdir()
    stub.write_text('#!/bin/sh\nfor each; do printf "%s\\n" "$each"; done\n')
    stub.chmod(0o755)
    scripts_folder = tmp_path / "required.d"
    scripts_folder.mkdir()
    (scripts_folder / "10 odd.sh").touch()
    (scripts_folder / "README").touch()
    argv = ["sh", "-c", health._JOURNAL, "sh", "-1", "fallback.service", "check.service", str(scripts_folder)]
    environment = {**os.environ, "PATH": f"{stub.parent}:{os.environ['PATH']}"}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
    matches = done.stdout.splitlines()
    assert matches[matches.index("_SYSTEMD_UNIT=check.service") :] == [
        "_SYSTEMD_UNIT=check.service",
        "+",
        "_SYSTEMD_UNIT=fallback.service",
        "+",
        "SYSLOG_IDENTIFIER=10 odd.sh",
    ]
    assert {"--boot=-1", "--output=json"} <= set(matches)
