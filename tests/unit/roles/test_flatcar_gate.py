# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flatcar's gate: is this the first boot of a new version, what do the checks say, and does systemd take the units.

The scripts are really run, with a cgpt and a rootdev that say what was recorded.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import typing as t
from dataclasses import dataclass
from pathlib import Path

import jinja2
import pytest

ROOT = Path(__file__).parents[3]
ROLE = ROOT / "roles" / "health_checks"
RECORDED = ROOT.parent / "shared" / "fixtures" / "flatcar"

HEALTHY = "run/first-boot-healthy"
WAY_BACK = "run/health-gate/way-back"
NORMAL, FIRST, FIRST_AND_LAST, UNCLEAR = {HEALTHY}, {WAY_BACK}, set[str](), {"failed"}

shells = pytest.mark.parametrize("shell", ["dash", "bash"])


def slots(a: str, b: str, spaces: str = "  ") -> str:
    """What cgpt shows of USR-A and USR-B, between partitions that nothing boots from."""
    lines = [
        "start size part contents",
        "0 1 Pri GPT header",
        '4096 262144 1 Label: "EFI-SYSTEM"',
        "Attr: Legacy BIOS Bootable",
    ]
    for number, name, attributes in ((3, "USR-A", a), (4, "USR-B", b)):
        lines += [f'270336 2097152 {number} Label: "{name}"', "Type: Alias for flatcar-rootfs", f"Attr: {attributes}"]
    lines += [
        '4857856 37085151 9 Label: "ROOT"',
        "Type: Flatcar Container Linux auto-resize",
        "41943039 1 Sec GPT header",
    ]
    return "\n".join(spaces + line for line in lines) + "\n"


def attributes(priority: int, tries: int, successful: int) -> str:
    return f"priority={priority} tries={tries} successful={successful}"


GOOD, OLD = attributes(2, 0, 1), attributes(1, 0, 1)
NEW = attributes(2, 0, 0)
UNUSED = attributes(0, 0, 0)


@dataclass(frozen=True)
class Case:
    rootdev: str
    table: str
    outcome: set[str]
    disk: str = "/dev/sda"


CASES = {
    "a fresh node": Case("/dev/sda3", slots(GOOD, UNUSED), NORMAL),
    "an update waits": Case("/dev/sda3", slots(OLD, attributes(2, 1, 0)), NORMAL),
    "the first boot of B": Case("/dev/sda4", slots(OLD, NEW), FIRST),
    "the first boot of A": Case("/dev/vda3", slots(NEW, OLD), FIRST, "/dev/vda"),
    "marked": Case("/dev/sda4", slots(OLD, GOOD), NORMAL),
    "gone back": Case("/dev/sda3", slots(OLD, NEW), NORMAL),
    "gone back by hand": Case("/dev/sda3", slots(GOOD, OLD), NORMAL),
    "tries are left": Case("/dev/sda4", slots(OLD, attributes(2, 3, 0)), FIRST),
    "NVMe": Case("/dev/nvme0n1p4", slots(OLD, NEW), FIRST, "/dev/nvme0n1"),
    "SD card": Case("/dev/mmcblk0p4", slots(OLD, NEW), FIRST, "/dev/mmcblk0"),
    "the sixteenth disk": Case("/dev/sdp4", slots(OLD, NEW), FIRST, "/dev/sdp"),
    "equal priorities, new": Case("/dev/sda4", slots(attributes(2, 0, 1), NEW), FIRST),
    "equal priorities, marked": Case("/dev/sda4", slots(GOOD, GOOD), NORMAL),
    "both new, one with tries": Case("/dev/sda4", slots(attributes(1, 1, 0), NEW), FIRST),
    "nothing to go back to": Case("/dev/sda4", slots(UNUSED, NEW), FIRST_AND_LAST),
    "the other is used up": Case("/dev/sda4", slots(attributes(1, 0, 0), NEW), FIRST_AND_LAST),
    "the other is off": Case("/dev/sda4", slots(attributes(0, 0, 1), NEW), FIRST_AND_LAST),
    "highest numbers": Case("/dev/sda4", slots(attributes(14, 0, 1), attributes(15, 15, 0)), FIRST),
    "tabs": Case("/dev/sda4", slots(OLD, NEW, "\t"), FIRST),
    "another order": Case("/dev/sda4", slots(OLD, "successful=0 priority=2 tries=0 required=0"), FIRST),
    "a number is missing": Case("/dev/sda4", slots(OLD, "priority=2 successful=0"), UNCLEAR),
    "no number": Case("/dev/sda4", slots(OLD, "priority=two tries=0 successful=0"), UNCLEAR),
    "not in the table": Case("/dev/sda9", slots(OLD, NEW), UNCLEAR),
    "an empty table": Case("/dev/sda4", "", UNCLEAR),
    "device mapper": Case("/dev/mapper/usr", slots(OLD, NEW), UNCLEAR, "/dev/mapper/usr"),
    "rootdev says nothing": Case("", slots(OLD, NEW), UNCLEAR),
}


@pytest.fixture
def detect(tmp_path: Path) -> t.Callable[[str, str, str, str], tuple[set[str], str]]:
    """Runs the script in a folder that stands for the root, and says which flags it has set."""

    def detects(shell: str, rootdev: str, table: str, disk: str) -> tuple[set[str], str]:
        if shutil.which(shell) is None:
            pytest.skip(f"this machine has no {shell}")
        (tmp_path / "table").write_text(table, encoding="utf-8")
        programs = {
            "rootdev": f'[ "$*" = "-s /usr" ] && [ -n "{rootdev}" ] && echo "{rootdev}"',
            "cgpt": f'[ "$*" = "show {disk}" ] && cat "{tmp_path}/table"',
        }
        for name, body in programs.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
            (tmp_path / name).chmod(0o755)
        script = (ROLE / "files" / "flatcar" / "first-boot").read_text(encoding="utf-8")
        (tmp_path / "run").mkdir()
        result = subprocess.run(
            [shell, "-c", script.replace("/run/", f"{tmp_path}/run/")],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        flags = {flag for flag in (HEALTHY, WAY_BACK) if (tmp_path / flag).exists()}
        return flags | ({"failed"} if result.returncode else set()), result.stderr

    return detects


@shells
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_first_boot(detect: t.Callable[..., tuple[set[str], str]], shell: str, case: Case) -> None:
    flags, stderr = detect(shell, case.rootdev, case.table, case.disk)
    assert flags == case.outcome, stderr
    assert ("cannot tell" in stderr) == (case.outcome == UNCLEAR)


RECORDINGS = {
    ("cgpt-usr-1-fresh.txt", 3): NORMAL,
    ("cgpt-usr-2-update-staged.txt", 3): NORMAL,
    ("cgpt-usr-3-booted-new-not-marked.txt", 4): FIRST,
    # The same table, after the boot loader has gone back.
    ("cgpt-usr-3-booted-new-not-marked.txt", 3): NORMAL,
    ("cgpt-usr-4-booted-new-marked.txt", 4): NORMAL,
    ("cgpt-usr-5-rolled-back.txt", 3): NORMAL,
    ("cgpt-show-disk-usr-a-active.txt", 3): NORMAL,
}


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded documents in ../shared/fixtures are not there")
@shells
@pytest.mark.parametrize("case", RECORDINGS.items(), ids=str)
def test_first_boot_recorded(
    detect: t.Callable[..., tuple[set[str], str]], shell: str, case: tuple[tuple[str, int], set[str]]
) -> None:
    (name, part), outcome = case
    flags, stderr = detect(shell, f"/dev/sda{part}", (RECORDED / name).read_text(encoding="utf-8"), "/dev/sda")
    assert flags == outcome, stderr


def render(name: str, **variables: t.Any) -> str:
    """A template as Ansible renders it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLE / "templates"),
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - no HTML
    )
    environment.filters["quote"] = lambda value: shlex.quote(str(value))
    return environment.get_template(name).render(variables)


def a_check(name: str, content: str, order: int = 50, timeout: int = 5) -> dict[str, t.Any]:
    return {"name": name, "content": content, "order": order, "timeout": timeout}


GOES = a_check("it's", 'echo "it\'s fine" | sed \'s/fine/"good"/\'\n')
FAILS = a_check("bad", "echo $0 says no >&2\nexit 3\n")

RUNS: dict[str, tuple[list[dict[str, t.Any]], list[dict[str, t.Any]], int, list[str]]] = {
    "none": ([], [], 0, []),
    "good": ([GOES], [], 0, ['it\'s "good"']),
    "required": ([FAILS, GOES], [], 1, ["bad says no", "required check bad failed (exit code 3)", 'it\'s "good"']),
    "wanted": ([GOES], [FAILS], 0, ['it\'s "good"', "bad says no", "wanted check bad failed (exit code 3)"]),
    "hangs": ([a_check("slow", "sleep 60", timeout=1)], [], 1, ["required check slow failed (exit code 124)"]),
    "no limit": ([a_check("free", "read -r x; echo no input $?", timeout=0)], [], 0, ["no input 1"]),
    "order": (
        [a_check("b", "echo b", 5), a_check("c", "echo c", 1), a_check("a", "echo a", 5)],
        [],
        0,
        ["c", "a", "b"],
    ),
    "syntax": ([a_check("broken", "if")], [], 1, ["required check broken failed (exit code 2)"]),
}


@pytest.mark.skipif(shutil.which("bash") is None, reason="this machine has no bash")
@pytest.mark.parametrize("case", RUNS.values(), ids=RUNS.keys())
def test_checks(tmp_path: Path, case: tuple[list[dict[str, t.Any]], list[dict[str, t.Any]], int, list[str]]) -> None:
    required, wanted, code, lines = case
    path = tmp_path / "checks"
    path.write_text(
        render("flatcar-checks.j2", __health_checks_gate_required=required, __health_checks_gate_wanted=wanted),
        encoding="utf-8",
    )
    result = subprocess.run(
        ["bash", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20, check=False
    )
    assert result.returncode == code
    assert [line for line in result.stdout.splitlines() if line in lines] == lines


TEMPLATES = {
    "health-gate-first-boot.service": "flatcar-first-boot.service.j2",
    "health-gate.service": "flatcar-health-gate.service.j2",
    "health-gate.path": "flatcar-health-gate.path.j2",
    "health-gate-open.service": "flatcar-open.service.j2",
    "health-gate-reboot.service": "flatcar-reboot.service.j2",
    "health-gate-reboot.timer": "flatcar-reboot.timer.j2",
    "update-engine.service.d/50-health-gate.conf": "flatcar-update-engine.conf.j2",
    "rpm-ostree-install-greenboot.service": "greenboot-install.service.j2",
}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd-analyze")
@pytest.mark.parametrize("critical", [[], ["nginx.service", "app@1.service"]], ids=["alone", "critical"])
def test_systemd_takes_the_units(tmp_path: Path, critical: list[str]) -> None:
    programs = ("/etc/health-gate/first-boot", "/etc/health-gate/checks", "/usr/bin/rpm-ostree")
    for unit, template in TEMPLATES.items():
        content = render(
            template,
            health_checks_critical_services=critical,
            health_checks_reboot_after=600,
            health_checks_packages=["greenboot"],
        )
        for program in programs:
            content = content.replace(program, "/bin/sh")
        (tmp_path / unit).parent.mkdir(exist_ok=True)
        (tmp_path / unit).write_text(content, encoding="utf-8")
    others = {"update-engine.service": "[Service]\nExecStart=/bin/true\n"}
    for unit, content in others.items():
        (tmp_path / unit).write_text(content, encoding="utf-8")
    units = [str(path) for path in tmp_path.iterdir() if path.is_file()]
    version = int(
        subprocess.run(["systemd-analyze", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    )
    strict = ["--recursive-errors=no"] if version >= 250 else []
    result = subprocess.run(
        ["systemd-analyze", "--man=no", *strict, "verify", *units],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
