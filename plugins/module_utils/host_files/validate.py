# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files are looked at by the program that is to read them before they are put in place."""

from __future__ import annotations

import base64
import typing as t

from ..errors import FleetError
from ..node import Node
from .wanted import WantedFile

_SECONDS = 60

# The mode of a file, its path and its content a line, the last two in base64. Nobody else gets into the folder, so that
# the folders in it can be as open as the real ones are.
_SCRIPT = r"""
folder=$(mktemp -d) || exit
trap 'rm -rf "$folder"' EXIT
umask 022
while read -r mode path content; do
  path=$folder$(printf %s "$path" | base64 -d)
  mkdir -p "${path%/*}" && printf %s "$content" | base64 -d >"$path" && chmod "$mode" "$path" || exit
done
cd "$folder" && "$@" </dev/null
"""


def validate(node: Node, argv: t.Sequence[str], files: t.Sequence[WantedFile], changed: t.Sequence[WantedFile]) -> None:
    """Nothing is asked when no file changes, or when there is nothing to ask.

    :raises FleetError: the program does not accept the files.
    """
    if not argv or not changed:
        return
    lines = [_line(file, file.content) for file in files if file.content is not None]
    words = ["sh", "-c", _SCRIPT, "sh", *argv]
    result = node.run(words, stdin=b"".join(lines), ok=range(256), timeout=_SECONDS)
    if result.rc != 0:
        said = [line for line in (result.stderr + result.stdout).splitlines() if line.strip()] or ["it said nothing"]
        raise FleetError(
            f"files: what validate runs does not take them, nothing was changed; {said[0]}",
            stdout=result.stdout,
            stderr=result.stderr,
            rc=result.rc,
        )


def _line(file: WantedFile, content: bytes) -> bytes:
    # A mode that is left as it is does not matter to a copy.
    mode = f"{0o644 if file.mode is None else file.mode:04o}".encode()
    return b" ".join([mode, base64.b64encode(file.path.encode()), base64.b64encode(content)]) + b"\n"
