# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what greenboot says of a node's boot, in one round trip; of one to which the node fell back, in two."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field, replace

from ..errors import FleetError
from ..node import Completed, File, Node, Source
from . import config, grubenv, journal, messages, verdict
from .checks import EARLY, FOLDER, NEVER, UNKNOWN, Check, Result, ordered
from .layout import (
    ADMIN,
    CHECK_FALLBACK,
    CONFIG,
    HEALTH_CHECK,
    PROGRAM,
    REQUIRED,
    RUST,
    VENDOR,
    WANTED,
    folder,
)
from .results import results
from .survey import COUNTS_READ, SIGN_READS, UNIT_READ, counts_boots, enabled_states, installed, units, word_lines

_CHECK_FOLDERS = [folder(base, kind) for base in (VENDOR, ADMIN) for kind in (REQUIRED, WANTED)]

# Lines of a word and the path of a check. Its own texts tell what the program does: no package manager need know it.
_FILES = r"""
program=$1; shift
find "$@" ! -type d 2>/dev/null | while IFS= read -r file; do
  [ -f "$file" ] || continue
  if [ -x "$file" ]; then echo "executable $file"; else echo "file $file"; fi
done
[ -f "$program" ] || exit 0
grep -q "was skipped due to a previous failure" "$program" && echo "knows early"
grep -q DISABLED_HEALTHCHECKS "$program" && echo "knows disabled"
:
"""

# Scripts of the shell generation write under their own names.
_JOURNAL = r"""
boot=$1 fallback=$2 unit=$3; shift 3
names=$(find "$@" -name '*.sh' ! -type d 2>/dev/null)
set -- "_SYSTEMD_UNIT=$unit" + "_SYSTEMD_UNIT=$fallback"
set -f
IFS='
'
for file in $names; do set -- "$@" + "SYSLOG_IDENTIFIER=${file##*/}"; done
exec journalctl --boot="$boot" --no-pager --quiet --all --lines=20000 --output=json \
  --output-fields=MESSAGE,SYSLOG_IDENTIFIER,_SYSTEMD_UNIT "$@"
"""

# The second is for hosts with Debian packages, as those of the lab.
_VERSION = r"""
version=$(rpm -q --queryformat '%{VERSION}' greenboot 2>/dev/null) ||
  version=$(dpkg-query --show --showformat '${Version}' greenboot 2>/dev/null) || exit
echo "$version"
"""


@dataclass(frozen=True)
class Fallback:
    """This boot is one of the deployment before, because the other one had no green boot.

    Each side has what rpm-ostree says of it; None where it does not say, as on a bootc host.
    """

    failed: dict[str, t.Any] | None
    booted: dict[str, t.Any] | None
    results: tuple[Result, ...] = ()
    """Of the boot before this one, the last of the deployment that failed."""


@dataclass(frozen=True)
class Health:
    """``generation`` is None where greenboot is not installed, and then there is no more than the checks' folders."""

    generation: str | None
    version: str | None = None
    verdict: str = verdict.NOT_RUN
    checks: tuple[Check, ...] = ()
    results: tuple[Result, ...] = ()
    fallback: Fallback | None = None
    grub: dict[str, str] | None = None
    counts_boots: bool | None = None
    settings: t.Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    disabled: tuple[str, ...] = ()
    stops: str = EARLY
    """What a required check that fails keeps from running."""
    units: t.Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def look(node: Node) -> Health:
    """Read the node, in one round trip, and one more where it fell back.

    :raises FleetError: it cannot be read.
    """
    reads: dict[str, Source] = {
        **SIGN_READS,
        "config": CONFIG,
        "units": UNIT_READ,
        "counts": COUNTS_READ,
        "files": ("sh", "-c", _FILES, "sh", PROGRAM, *_CHECK_FOLDERS),
        "journal": _journal_of(0),
        "version": ("sh", "-c", _VERSION),
        "deployments": ("rpm-ostree", "status", "--json"),
        **{path: path for path in grubenv.PATHS},
    }
    found = node.gather(reads)
    generation = installed(found)
    if generation is None:
        return Health(None)
    health = _health(node.name, generation, found)
    if health.fallback is None:
        return health
    before = journal.parse(_output(node.gather({"journal": _journal_of(-1)})["journal"]))
    told = _told(before, health.checks, generation, verdict.RED)
    return replace(health, fallback=replace(health.fallback, results=tuple(told)))


def _journal_of(boot: int) -> Source:
    """:arg boot: 0 for this one, -1 for the one before."""
    return ("sh", "-c", _JOURNAL, "sh", str(boot), CHECK_FALLBACK, HEALTH_CHECK, *_CHECK_FOLDERS)


def _health(name: str, generation: str, found: t.Mapping[str, Completed | File | None]) -> Health:
    lines = word_lines(_output(found["files"]))
    files = [(path, word == "executable") for word, path in lines if path.startswith("/")]
    knows = {path for word, path in lines if word == "knows"}
    properties = units(found["units"], name)
    said = verdict.verdict(properties.get(HEALTH_CHECK, {}))
    checks = ordered(files, generation)
    entries = journal.parse(_output(found["journal"]))
    text = _content(found["config"]).decode("utf-8", "replace")
    grub, warnings = _grub([found[path] for path in grubenv.PATHS])
    return Health(
        generation=generation,
        version=_output(found["version"]).strip() or None,
        verdict=said,
        checks=tuple(checks),
        results=tuple(_told(entries, checks, generation, said)),
        fallback=_fallback(entries, _output(found["deployments"])),
        grub=grub,
        counts_boots=counts_boots(found["counts"]),
        settings=config.values(text),
        disabled=_disabled(text, generation, knows),
        stops=_stops(generation, knows),
        units=enabled_states(properties, generation),
        warnings=warnings,
    )


def _told(entries: t.Sequence[journal.Entry], checks: t.Sequence[Check], generation: str, said: str) -> list[Result]:
    if said in (verdict.GREEN, verdict.RED) and not any(entry.unit == HEALTH_CHECK for entry in entries):
        # Not in the journal any more, or in none that we may read.
        return [Result(check, UNKNOWN) for check in checks]
    return results(entries, checks, generation, said)


def _disabled(text: str, generation: str, knows: t.Collection[str]) -> tuple[str, ...]:
    """Those that the installed release really leaves out."""
    understood = config.on_one_line(text, config.DISABLED) if generation == RUST else "disabled" in knows
    return config.values(text).get(config.DISABLED, ()) if understood else ()


def _stops(generation: str, knows: t.Collection[str]) -> str:
    """0.16 and 0.15.8 stop early, before 0.15.5 only other folders are left out, between them nothing is."""
    if generation == RUST or "early" in knows:
        return EARLY
    return NEVER if "disabled" in knows else FOLDER


def _grub(blocks: t.Iterable[Completed | File | None]) -> tuple[dict[str, str] | None, tuple[str, ...]]:
    for block in blocks:
        if isinstance(block, File):
            try:
                return grubenv.parse(block.content), ()
            except FleetError as exc:
                return None, (exc.message,)
    return None, ()


def _fallback(entries: t.Iterable[journal.Entry], status: str) -> Fallback | None:
    if not any(messages.FALLBACK.fullmatch(entry.message) for entry in entries if entry.unit in _TELLERS):
        return None
    try:
        deployments = json.loads(status)["deployments"]
        booted = next(index for index, each in enumerate(deployments) if each["booted"])
    except (ValueError, TypeError, LookupError, StopIteration):
        return Fallback(None, None)
    # Falling back puts the booted one before the one that failed. Where that did not succeed it is still behind it.
    before = [each for each in deployments[:booted] if not each.get("staged")]
    failed = (before or deployments[booted + 1 :])[:1]
    return Fallback(_deployment(failed[0]) if failed else None, _deployment(deployments[booted]))


_TELLERS = (HEALTH_CHECK, CHECK_FALLBACK)


def _deployment(status: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {key: status.get(key) for key in ("id", "checksum", "version")}


def _output(found: Completed | File | None) -> str:
    return found.stdout if isinstance(found, Completed) and found.rc == 0 else ""


def _content(found: Completed | File | None) -> bytes:
    return found.content if isinstance(found, File) else b""
