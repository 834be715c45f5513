# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what the module greenboot has to know of a node, in one round trip, and check scripts there, in one more."""

from __future__ import annotations

import base64
import typing as t
from dataclasses import dataclass, field

from ..errors import FleetError
from ..node import Completed, File, Node, Source, last_line, output_of
from .deliver import MARK
from .layout import (
    ADMIN,
    CONFIG,
    FOLDERS,
    PROGRAM,
    REQUIRED,
    RUST,
    SHELL,
    SIGNS,
    UNITS,
    VENDOR,
    WANTED,
    folder,
)
from .wanted import Script, Wanted, interpreter_program

# Written when an update is staged, gone when it has been made bootable or dropped.
_STAGED = "/run/ostree/staged-deployment"

# Lines of a word and a path or name: folders that are not there, our scripts, what checks there are.
_FILES = r"""
mark=$1 program=$2 checks=$3; shift 3
for folder; do
  [ -d "$folder" ] || { echo "missing $folder"; continue; }
  for file in "$folder"/*.sh; do
    [ -f "$file" ] || continue
    second=
    { read -r _; read -r second; } 2>/dev/null <"$file"
    [ "$second" != "$mark" ] || echo "ours $file"
  done
done
IFS=: && set -f
for file in $(find $checks ! -type d 2>/dev/null | tr '\n' :); do echo "check ${file##*/}"; done
if grep -q DISABLED_HEALTHCHECKS "$program" 2>/dev/null; then echo "knows disabled"; fi
:
"""

# Reads lines of a number, a program and a script in base64; answers lines of a number, an exit code and base64.
# The script comes on the standard input, because anybody may read the arguments of a program.
_CHECK = r"""
while read -r number interpreter script; do
  case $interpreter in
    */*) [ -x "$interpreter" ] ;;
    *) [ "$interpreter" = - ] || command -v "$interpreter" >/dev/null ;;
  esac || { echo "$number missing -"; continue; }
  said=$(printf %s "$script" | base64 -d | bash -n 2>&1)
  printf '%s %s %s\n' "$number" "$?" "$(printf %s "$said" | base64 | tr -d '\n')-"
done
"""


SIGN_READS: t.Mapping[str, Source] = SIGNS
"""What gather() reads for installed()."""

UNIT_READ: Source = (
    "systemctl",
    "show",
    "--property=Id,LoadState,UnitFileState,ActiveState,Job",
    *sorted({unit for units in UNITS.values() for unit in units}),
)
"""What gather() reads for units()."""


_COUNTS = r"""
for file; do
  [ -f "$file" ] || continue
  if grep -q boot_counter "$file"; then echo counts; else echo blind; fi
done
:
"""

COUNTS_READ: Source = ("sh", "-c", _COUNTS, "sh", "/boot/grub2/grub.cfg", "/boot/grub/grub.cfg")
"""What gather() reads for counts_boots()."""


@dataclass(frozen=True)
class State:
    """A node. ``generation`` is None where greenboot is not installed.

    ``units`` are those that its greenboot has, with what systemd says of their being enabled.
    ``files`` are the scripts that are wanted, and ``ours`` all paths of scripts that the module put there.
    """

    generation: str | None
    config: File | None = None
    units: t.Mapping[str, str] = field(default_factory=dict)
    files: t.Mapping[str, File | None] = field(default_factory=dict)
    ours: tuple[str, ...] = ()
    missing_folders: tuple[str, ...] = ()
    checks: frozenset[str] = frozenset()
    """The file names of all checks, whoever put them there."""
    knows_disabled: bool = True
    """Whether its greenboot knows DISABLED_HEALTHCHECKS, as it does since 0.15.5."""
    prepares_updates: bool = True
    """Whether the unit of COUNTERS does something when it is started while an update is staged."""
    staged: bool = False
    """Whether an update waits to become bootable."""
    counts_boots: bool | None = None


def read(node: Node, wanted: Wanted) -> State:
    """Read the node, in one round trip.

    :raises FleetError: it cannot be read, or has no systemd.
    """
    checks = ":".join(folder(base, kind) for base in (VENDOR, ADMIN) for kind in (REQUIRED, WANTED))
    folders = [ADMIN, *(folder(ADMIN, kind) for kind in FOLDERS)]
    reads: dict[str, Source] = {
        **SIGN_READS,
        "config": CONFIG,
        "staged": _STAGED,
        "units": UNIT_READ,
        "counts": COUNTS_READ,
        "files": ("sh", "-c", _FILES, "sh", MARK, PROGRAM, checks, *folders),
        **{script.path: script.path for script in wanted.all_scripts},
    }
    found = node.gather(reads)
    generation = installed(found)
    lines = word_lines(output_of(found["files"]))
    sign = _file(found[generation]) if generation else None
    return State(
        generation=generation,
        config=_file(found["config"]),
        units=enabled_states(units(found["units"], node.name), generation) if generation else {},
        files={script.path: _file(found[script.path]) for script in wanted.all_scripts},
        ours=tuple(rest for word, rest in lines if word == "ours"),
        missing_folders=tuple(rest for word, rest in lines if word == "missing"),
        checks=frozenset(rest for word, rest in lines if word == "check"),
        knows_disabled=generation != SHELL or ("knows", "disabled") in lines,
        # The first releases of the Rust generation act at the start of the next boot instead.
        prepares_updates=generation != RUST or (sign is not None and b"ExecStop=" in sign.content),
        staged=found["staged"] is not None,
        counts_boots=counts_boots(found["counts"]),
    )


def installed(found: t.Mapping[str, Completed | File | None]) -> str | None:
    """The generation, from what was read of SIGN_READS. When a newer one has replaced an older one it is the newer."""
    return next((generation for generation in (RUST, SHELL) if found[generation] is not None), None)


def enabled_states(properties: t.Mapping[str, t.Mapping[str, str]], generation: str) -> dict[str, str]:
    """What systemd says of the units that there are being enabled."""
    return {
        unit: properties[unit]["UnitFileState"]
        for unit in UNITS[generation]
        if properties.get(unit, {}).get("LoadState", "not-found") != "not-found"
    }


def units(found: Completed | File | None, name: str) -> dict[str, dict[str, str]]:
    """The properties of units by their names: blocks of ``Key=value``, with an empty line between two units.

    :arg name: of the node.
    :raises FleetError: without them nothing about greenboot is certain.
    """
    if not isinstance(found, Completed) or found.rc != 0:
        said = last_line(found.stderr) if isinstance(found, Completed) else "there is no systemctl"
        raise FleetError(f"{name} does not tell what its units are: {said}; greenboot needs systemd")
    by_name: dict[str, dict[str, str]] = {}
    for block in found.stdout.split("\n\n"):
        properties = {"LoadState": "not-found", "UnitFileState": "", "ActiveState": "inactive", "Job": ""}
        properties.update(
            {key: value for key, sign, value in (line.partition("=") for line in block.splitlines()) if sign}
        )
        if "Id" in properties:
            by_name[properties["Id"]] = properties
    return by_name


def refuse_broken(node: Node, scripts: t.Sequence[Script]) -> None:
    """Have the node look at scripts without running them. All in one round trip, and none when there is no script.

    :raises FleetError: the node has not the program of a first line, or bash does not understand a script.
    """
    if not scripts:
        return
    lines = []
    for number, script in enumerate(scripts):
        program = interpreter_program(script.interpreter) or "-"
        lines.append(f"{number} {program} {base64.b64encode(script.content.encode()).decode()}\n")
    answer = node.run(("sh", "-c", _CHECK), stdin="".join(lines).encode())
    said = {int(number): (status, text) for number, status, text in map(str.split, answer.stdout.splitlines())}
    for number, script in enumerate(scripts):
        status, text = said.get(number, ("", ""))
        if status == "missing":
            program = interpreter_program(script.interpreter)
            raise FleetError(
                f"{script.option}.content: {node.name} has no {program}, which its first line asks for; install it "
                "first, or write the script for another shell"
            )
        if status != "0":
            complaint = base64.b64decode(text.rstrip("-")).decode("utf-8", "replace")
            raise FleetError(
                f"{script.option}.content: bash on {node.name} does not understand the script: "
                + "; ".join(complaint.splitlines()),
                script=script.file_name,
                stderr=complaint,
            )


def counts_boots(found: Completed | File | None) -> bool | None:
    """Whether GRUB takes greenboot's count down with every boot. None when there is no configuration of GRUB."""
    said = output_of(found).split()
    return "counts" in said if said else None


def word_lines(output: str) -> list[tuple[str, str]]:
    """Lines of a word and the rest."""
    return [(word, rest) for word, _space, rest in (line.partition(" ") for line in output.splitlines())]


def _file(found: Completed | File | None) -> File | None:
    return found if isinstance(found, File) else None
