# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that Zincati's configuration is made of, and which of them the agent reads."""

from __future__ import annotations

import base64
import typing as t
from dataclasses import dataclass, replace

from ..errors import FleetError

# The agent reads the folders in this order, and a file replaces that of the same name in a folder before. So of the
# same name /etc wins over /run, which the agent's documentation has the other way round.
VENDOR, RUNTIME, ADMIN = FOLDERS = tuple(f"{prefix}/zincati/config.d" for prefix in ("/usr/lib", "/run", "/etc"))

FILE = "file"
LINK = "link"
OTHER = "other"

SUFFIX = ".toml"

AGENT = "zincati"
"""The user that the agent runs as."""

# The names of the files are not known before, so one program reads them all. Every line begins with what it is about;
# names and contents are in base64. What write() left behind in a power cut is no business of anybody.
SCRIPT = r"""
encoded() { base64 -w 0; }
for folder in /usr/lib/zincati/config.d /run/zincati/config.d /etc/zincati/config.d; do
  [ -d "$folder" ] || continue
  stat -c 'folder %Y %n' "$folder"
  for path in "$folder"/* "$folder"/.[!.]*; do
    name=${path##*/}
    case $name in .evergreen.*) continue ;; esac
    at="$folder $(printf %s "$name" | encoded)"
    if [ -L "$path" ]; then
      echo "link $at $(readlink "$path" | encoded)"
    elif [ -f "$path" ]; then
      content=$(encoded <"$path") || content=unreadable
      echo "file $at $(stat -c '%Y %a %U' "$path") $content"
    elif [ -e "$path" ]; then
      echo "other $at"
    fi
  done
done
if [ -L /etc/localtime ]; then
  echo "localtime $(readlink -f /etc/localtime)"
elif [ -e /etc/localtime ]; then
  echo "localtime"
fi
[ -z "$1" ] || ! [ -f "/usr/share/zoneinfo/$1" ] || echo "zone $(encoded <"/usr/share/zoneinfo/$1")"
echo "now $(date +%s)"
"""


@dataclass(frozen=True)
class DropIn:
    """An entry of one of the folders. ``ignored`` says why the agent does not read it; empty when it does."""

    folder: str
    name: str
    kind: str = FILE
    target: str = ""
    content: bytes = b""
    modified: int = 0
    mode: int = 0o644
    owner: str = "root"
    ignored: str = ""

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}"

    @property
    def readable(self) -> bool:
        """Whether the agent, which runs as a user of its own, may read it."""
        return bool(self.mode & 0o004) or self.owner == AGENT


@dataclass(frozen=True)
class Listing:
    """What SCRIPT found."""

    drop_ins: tuple[DropIn, ...] = ()
    folders: t.Mapping[str, int] | None = None
    """When each folder that exists was changed, by its path."""
    localtime: str | None = None
    """Where /etc/localtime leads to; empty when it is no link, None when there is none."""
    zone: bytes | None = None
    """The time zone that was asked for."""
    now: int = 0

    @property
    def newest(self) -> int:
        """When anything that the agent reads at its start was changed last."""
        times = [each.modified for each in self.drop_ins if each.name.endswith(SUFFIX)]
        return max([*times, *(self.folders or {}).values()], default=0)


def parse(output: str) -> Listing:
    """:raises FleetError: a drop-in could not be read."""
    found: list[DropIn] = []
    folders: dict[str, int] = {}
    values: dict[str, t.Any] = {}
    for line in output.splitlines():
        word, _blank, rest = line.partition(" ")
        if word == "folder":
            changed, path = rest.split(" ")
            folders[path] = int(changed)
        elif word in (FILE, LINK, OTHER):
            found.append(_entry(word, rest.split(" ")))
        elif word == "localtime":
            values["localtime"] = rest
        elif word == "zone":
            values["zone"] = base64.b64decode(rest)
        elif word == "now":
            values["now"] = int(rest)
    return Listing(ranked(found), folders, **values)


def _entry(kind: str, words: t.Sequence[str]) -> DropIn:
    entry = DropIn(words[0], _text(words[1]), kind)
    if kind == LINK:
        return replace(entry, target=_text(words[2]).rstrip("\n"))
    if kind == OTHER:
        return entry
    modified, mode, owner, *content = words[2:]
    if content == ["unreadable"]:
        raise FleetError(f"{entry.path} cannot be read; run the task with become")
    read = base64.b64decode("".join(content))
    return replace(entry, modified=int(modified), mode=int(mode, 8), owner=owner, content=read)


def ranked(drop_ins: t.Iterable[DropIn]) -> tuple[DropIn, ...]:
    """In the order in which the agent merges them: by name, and those of one name by folder."""
    by_name: dict[str, list[DropIn]] = {}
    for each in drop_ins:
        by_name.setdefault(each.name, []).append(each)
    result: list[DropIn] = []
    # The agent compares bytes.
    for name in sorted(by_name, key=str.encode):
        same = sorted(by_name[name], key=lambda each: FOLDERS.index(each.folder))
        result += (replace(each, ignored=_ignored(each, same[at + 1 :])) for at, each in enumerate(same))
    return tuple(result)


def _ignored(drop_in: DropIn, later: t.Sequence[DropIn]) -> str:
    if drop_in.name.startswith("."):
        return "it is hidden"
    if not drop_in.name.endswith(SUFFIX):
        return f"its name does not end in {SUFFIX}"
    for other in later:
        if other.kind == FILE:
            return f"{other.path} replaces it"
        if other.kind == LINK and other.target == "/dev/null":
            return f"{other.path} masks it"
    if drop_in.kind == LINK:
        if drop_in.target == "/dev/null":
            return "it masks others"
        return "it is a symbolic link, and Zincati follows none"
    return "it is no regular file" if drop_in.kind == OTHER else ""


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode(errors="replace")
