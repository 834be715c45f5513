#!/usr/bin/env python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the butane module costs: many documents in one play, against butane by hand plus an empty module.

Three measurements side by side, on as many different documents as wanted:
(a) butane run by hand for each document, (b) a play that loops over ansible.builtin.ping, which is what Ansible itself
costs, (c) a play that loops over evergreen.fleet.butane. The ratio is c / (a + b). Exit code 1 when it is above the
limit, or when the play left a process or a temporary file behind.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT.parent / "shared" / "fixtures" / "butane"
GENERATED = (
    "variant: fcos\nversion: 1.4.0\nstorage:\n  files:\n    - path: /etc/motd\n      contents:\n        inline: hello\n"
)

PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - {task}
      loop: "{{{{ range({count}) | list }}}}"
      loop_control:
        label: "{{{{ item }}}}"
"""
PING = "ansible.builtin.ping:"
BUTANE = (
    "evergreen.fleet.butane: "
    "{{src: '{work}/in/{{{{ item }}}}.bu', dest: '{work}/out/{{{{ item }}}}.ign', executable: '{executable}'}}"
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500, help="how many documents (default: %(default)s)")
    parser.add_argument("--limit", type=float, default=1.5, help="the highest ratio that passes (default: %(default)s)")
    parser.add_argument("--butane", default="butane", help="the butane to run (default: the one in PATH)")
    options = parser.parse_args()
    executable = shutil.which(options.butane)
    if executable is None:
        parser.error(f"--butane: there is no {options.butane}; make setup gets it")
    with tempfile.TemporaryDirectory(prefix="evergreen-bench-") as folder:
        work = Path(folder)
        for name in ("in", "out", "tmp"):
            (work / name).mkdir()
        bases = write_documents(work, options.count, executable)
        print(f"{options.count} documents made of {bases}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.2f}")
        by_hand = run_by_hand(work, options.count, executable)
        print(f"(a) butane by hand       {by_hand:8.2f} s")
        ping = run_play(work, PLAY.format(task=PING, count=options.count))
        print(f"(b) ansible.builtin.ping {ping:8.2f} s")
        task = BUTANE.format(work=work, executable=executable)
        module = run_play(work, PLAY.format(task=task, count=options.count))
        print(f"(c) evergreen.fleet.butane {module:6.2f} s")
        ratio = module / (by_hand + ping)
        print(f"ratio c / (a + b)        {ratio:8.2f}   (at most {options.limit:.2f})")
        left = left_behind(work, options.count)
    for line in left:
        print(f"left behind: {line}")
    return 1 if left or ratio > options.limit else 0


def write_documents(work: Path, count: int, executable: str) -> int:
    """Write the documents; returns how many different ones they were made of."""
    recorded = [path.read_text() for path in sorted(RECORDED.glob("*/*.bu"))]
    bases = [base for base in recorded if translates(vary(base, 0), executable)] or [GENERATED]
    for number in range(count):
        (work / "in" / f"{number}.bu").write_text(vary(bases[number % len(bases)], number))
    return len(bases)


def vary(document: str, number: int) -> str:
    """The document with one file more, whose path and content nobody else has."""
    file = f"- path: /etc/bench/{number}\n{{0}}  mode: 0644\n{{0}}  contents:\n{{0}}    inline: document {number}\n"
    entry = re.search(r"^  files:\n( *)(?=- )", document, re.MULTILINE)
    if entry:
        return document[: entry.end()] + file.format(entry[1]) + entry[1] + document[entry.end() :]
    if re.search("^storage:", document, re.MULTILINE):
        return re.sub("^storage:\n", f"storage:\n  files:\n    {file.format('    ')}", document, flags=re.MULTILINE)
    return f"{document.rstrip()}\nstorage:\n  files:\n    {file.format('    ')}"


def translates(document: str, executable: str) -> bool:
    done = subprocess.run([executable, "--strict"], input=document.encode(), capture_output=True, check=False)
    return done.returncode == 0


def run_by_hand(work: Path, count: int, executable: str) -> float:
    begin = time.monotonic()
    for number in range(count):
        argv = [executable, "--strict", "--output", work / "by-hand.ign", work / "in" / f"{number}.bu"]
        subprocess.run(argv, check=True)
    return time.monotonic() - begin


def run_play(work: Path, play: str) -> float:
    (work / "play.yml").write_text(play)
    # The ansible-playbook of this Python first: that is the one the project pins.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {
        **os.environ,
        "PATH": path,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
        "ANSIBLE_LOCAL_TEMP": str(work / "tmp" / "local"),
        "ANSIBLE_REMOTE_TEMP": str(work / "tmp" / "remote"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "TMPDIR": str(work / "tmp"),
        MARK: str(work),
    }
    begin = time.monotonic()
    done = subprocess.run(
        ["ansible-playbook", work / "play.yml"], env=environment, cwd=work, capture_output=True, text=True, check=False
    )
    seconds = time.monotonic() - begin
    if done.returncode != 0:
        sys.exit(f"the play failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return seconds


# Every process of a play inherits it, whatever session it is in.
MARK = f"EVERGREEN_BENCH_{uuid.uuid4().hex}"


def left_behind(work: Path, count: int) -> list[str]:
    """Processes of the plays that still run, files that nobody asked for, and results that are missing."""
    wanted = {work / "out" / f"{number}.ign" for number in range(count)}
    found = {path for name in ("out", "tmp") for path in (work / name).rglob("*") if not path.is_dir()}
    processes = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if MARK.encode() in environ.read_bytes():
                processes.append(f"process {environ.parent.name}")
        except OSError:
            continue  # of another user, or gone meanwhile
    missing = [f"nothing at {path}" for path in sorted(wanted - found)]
    return [*processes, *(str(path) for path in sorted(found - wanted)), *missing]


if __name__ == "__main__":
    sys.exit(main())
