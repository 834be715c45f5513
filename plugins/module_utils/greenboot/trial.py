# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the checks now, as greenboot would, without greenboot: nothing that it keeps of a boot is touched."""

from __future__ import annotations

import base64
import typing as t

from ..node import Node
from .checks import FAILED, NOT_RUN, PASSED, SKIPPED, Check, Result
from .layout import REQUIRED

# Arguments: seconds for each check, what a failure stops, then of each check its kind, folder, way and path. Answers a
# line for each that ran: exit code, begin and end in seconds, and the output in base64.
# The output goes to a file: who is left behind by a check and holds it open holds up nobody.
_RUN = r"""
limit=$1 stops=$2; shift 2
cd / || exit
output=$(mktemp) || exit
trap 'rm -f "$output"' EXIT
trap 'exit 1' HUP INT TERM
failed=
while [ $# -gt 0 ]; do
  kind=$1 folder=$2 how=$3 file=$4; shift 4
  case $stops:$failed in
    *: | never:* | folder:"$folder") ;;
    *) echo not_run; continue ;;
  esac
  read -r begin _ </proc/uptime
  case $how in
    bash) timeout -k 10 "$limit" bash "$file" ;;
    "bash -C") timeout -k 10 "$limit" bash -C "$file" ;;
    *) timeout -k 10 "$limit" "$file" ;;
  esac >"$output" 2>&1 </dev/null
  code=$?
  read -r end _ </proc/uptime
  echo "$code $begin $end $(head -c 65536 "$output" | base64 | tr -d '\n')-"
  [ "$code" -eq 0 ] || [ "$kind" != required ] || failed=$folder
done
"""

_KILL = 15
"""Seconds more that a check may need that does not stop when it is told to."""


def run_now(node: Node, checks: t.Sequence[Check], disabled: t.Collection[str], stops: str, limit: int) -> list[Result]:
    """Run them in their order, in one round trip.

    :arg limit: seconds for each. One that takes longer has failed.
    :arg stops: what a required check that fails keeps from running.
    :raises FleetError: they could not be run.
    """
    active = [check for check in checks if check.name not in disabled]
    words = [word for each in active for word in (each.kind, each.folder, each.how, each.path or "")]
    lines: t.Iterator[str] = iter(())
    if active:
        answer = node.run(
            ("sh", "-c", _RUN, "sh", str(limit), stops, *words), timeout=(limit + _KILL) * len(active) + _KILL
        )
        lines = iter(answer.stdout.splitlines())
    return [_result(check, next(lines)) if check in active else Result(check, SKIPPED) for check in checks]


def _result(check: Check, line: str) -> Result:
    if line == "not_run":
        return Result(check, NOT_RUN)
    code, begin, end, output = line.split()
    text = base64.b64decode(output.rstrip("-")).decode("utf-8", "replace")
    return Result(
        check,
        PASSED if code == "0" else FAILED,
        round(float(end) - float(begin), 2),
        text.rstrip("\n"),
        int(code),
    )


def green(results: t.Iterable[Result]) -> bool:
    """Whether greenboot would call it a green boot."""
    return not any(each.result == FAILED and each.check.kind == REQUIRED for each in results)
