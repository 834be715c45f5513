# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replace and remove files of an owner, as the owner: in a folder of a user's, root would follow the user's links.

All new files are written, in full and to the disk, before the first one takes its name. So a full disk changes nothing.
"""

from __future__ import annotations

import base64
import typing as t
from dataclasses import dataclass

from ..errors import CommandError, FleetError
from ..node import Node, last_line
from .owner import as_owner
from .place import Target

# Runs as the owner. Each line of the input is a mode, a mark with the content in base64, and a path; "-" removes.
_WRITE = r"""
umask 022
newline='
'
made= drops=
trap 'IFS=$newline; set -f; for new in $made; do rm -f "$new"; done' EXIT HUP INT TERM

while IFS=' ' read -r mode content name; do
  case $name in %h/*) path=$HOME/${name#%h/} ;; *) path=$name ;; esac
  if [ "$mode" = - ]; then
    drops=$drops$newline$path
    continue
  fi
  mkdir -p "${path%/*}" && new=$(mktemp "${path%/*}/.evergreen.XXXXXX") || exit
  made=$made$newline$new
  printf %s "${content#=}" | base64 -d | dd of="$new" bs=65536 conv=fsync status=none || exit
  chmod "$mode" "$new" || exit
  if [ -e /sys/fs/selinux/enforce ] && [ -f "$path" ]; then chcon --reference="$path" "$new" || exit; fi
  set -- "$@" "$new" "$path"
done
while [ $# -gt 0 ]; do
  mv -f -T "$1" "$2" || exit
  shift 2
done
IFS=$newline
set -f
for path in $drops; do
  rm -f "$path" || exit
  # A folder for drop-ins goes with its last one.
  case $path in *.d/*) rmdir "${path%/*}" 2>/dev/null ;; esac
done
exit 0
"""


@dataclass(frozen=True)
class Files:
    """A step that replaces and removes files."""

    user: str
    puts: tuple[Target, ...]
    drops: tuple[str, ...]
    reason: str

    def apply(self, node: Node) -> None:
        lines = [f"{each.mode:04o} ={base64.b64encode(each.content).decode()} {each.path}\n" for each in self.puts]
        lines += [f"- = {path}\n" for path in self.drops]
        try:
            node.run(as_owner(self.user, "sh", "-c", _WRITE), stdin="".join(lines).encode())
        except CommandError as exc:
            raise FleetError(f"cannot replace files of {self.user}: {last_line(exc.stderr)}", node=node.name) from exc

    def report(self) -> dict[str, t.Any]:
        return {
            "write": [each.path for each in self.puts],
            "remove": list(self.drops),
            "user": self.user,
            "reason": self.reason,
        }
