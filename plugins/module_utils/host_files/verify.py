# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Units are looked at by the host's own systemd before they are put in place.

They are laid out in a folder of their own that comes first in systemd's search path, so they are seen together with
the drop-ins that come with them and with everything else that the host has.
"""

from __future__ import annotations

import base64
import re
import typing as t

from ..errors import FleetError
from ..node import Node
from .survey import State
from .wanted import WantedFile

# Since then a warning about a unit, for example a misspelt key, is an error when asked for.
_WARNINGS_COUNT_SINCE = 250

# A file name and its content in base64 a line. Units of the host that only get a drop-in are copied beside it.
_SCRIPT = r"""
folder=$(mktemp -d) || exit
trap 'rm -rf "$folder"' EXIT
while read -r name content; do
  case $name in
    */*)
      unit=${name%%.d/*}
      mkdir -p "$folder/$unit.d"
      host=$(systemctl show --property=FragmentPath --value -- "$unit" 2>/dev/null)
      [ -e "$folder/$unit" ] || [ -z "$host" ] || cp "$host" "$folder/$unit"
      ;;
  esac
  printf %s "$content" | base64 -d >"$folder/$name"
done
for unit in "$folder"/*; do
  [ -d "$unit" ] || set -- "$@" "$unit"
done
said=$(systemd-analyze "$@" 2>&1)
code=$?
printf '%s\n' "$said" | while read -r line; do printf '%s\n' "${line#"$folder/"}"; done >&2
exit "$code"
"""

# What a unit starts may be a file of this very task, which is not there yet: this one always is.
_STAND_IN = b"/bin/sh"


def verify(node: Node, state: State, files: t.Sequence[WantedFile], changed: t.Sequence[WantedFile]) -> None:
    """Nothing is asked when no unit changes, or where there is no systemd-analyze.

    :raises FleetError: systemd does not like them.
    """
    units = [file for file in files if file.unit is not None and file.content is not None]
    if not state.analyzer or not any(file in changed for file in units):
        return
    # Whole units first: they come before the host's own of the same name.
    lines = [_line(file, files) for file in sorted(units, key=lambda file: not file.whole_unit)]
    options = ["--man=no", *(["--recursive-errors=no"] if state.systemd >= _WARNINGS_COUNT_SINCE else [])]
    argv = ["sh", "-c", _SCRIPT, "sh", *options, "verify"]
    result = node.run(argv, stdin=b"".join(lines), ok=range(256))
    if result.rc != 0:
        said = [line for line in result.stderr.splitlines() if line.strip()]
        raise FleetError(
            f"files: systemd does not take these units, nothing was changed; {said[0] if said else 'it said nothing'}; "
            "set verify to false if this is meant",
            stderr=result.stderr,
            rc=result.rc,
        )


def _line(file: WantedFile, files: t.Sequence[WantedFile]) -> bytes:
    content = file.content or b""
    for other in files:
        if other.content is not None and (other.mode or 0) & 0o111:
            whole = rb"(?<![\w./-])" + re.escape(other.path.encode()) + rb"(?![\w./-])"
            content = re.sub(whole, _STAND_IN, content)
    name = "/".join(file.path.rsplit("/", 1 if file.whole_unit else 2)[1:])
    return name.encode() + b" " + base64.b64encode(content) + b"\n"
