# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A script as it is put on a node: what the user gave, a mark that it is ours, and its time limit.

The mark is in the file itself. So there is no list beside the files that could be behind them after a power cut, and
each deployment's own /etc says which of its files are ours, also after OSTree merged or a fallback brought back an old
one.

The limit is in the file too. Neither generation of greenboot has one, and a limit on the unit would not do: the Rust
generation reboots and falls back in the very process that systemd would kill. A script that ends itself has failed
like any other: a required check makes the boot red, a wanted one does not, and after a red script comes the next.
"""

from __future__ import annotations

from .wanted import Script

MARK = "# Put here by the module evergreen.fleet.greenboot, which undoes changes."
"""The second line of every script that is ours."""

# The Rust generation runs "bash -C", where > cannot write to a file that exists. Starting bash anew makes both alike.
_LIMIT = """\
if [ -z "${{EVERGREEN_LIMIT-}}" ]; then
  EVERGREEN_LIMIT={limit} timeout --kill-after=10 {limit} bash "$0" "$@"
  code=$?
  [ "${{SECONDS:-0}}" -lt {limit} ] || echo "$0 was stopped after {limit} seconds" >&2
  exit "$code"
fi
unset EVERGREEN_LIMIT
"""


def delivered(script: Script) -> bytes:
    """The file."""
    first, body = "#!/bin/bash", script.content
    if script.interpreter:
        first, _newline, body = script.content.partition("\n")
    limit = _LIMIT.format(limit=script.timeout) if script.timeout else ""
    end = "" if body.endswith("\n") or not body else "\n"
    return f"{first}\n{MARK}\n{limit}{body}{end}".encode()
