# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read everything that a plan needs, in one round trip. Nothing here changes anything."""

from __future__ import annotations

import typing as t

from ..errors import CommandError, FleetError
from ..node import Completed, Node, last_line
from .layout import Places
from .manifest import ENDING
from .owner import NO_USER, NOT_ALLOWED, as_owner, systemctl
from .state import State, Unreadable, parse_state

PROPERTIES = (
    "Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,Type,Result,InactiveEnterTimestampMonotonic"
)

# Runs as the owner. Every argument is a word for what to look at, ":", and its name.
SURVEY = r"""
folder=$1 set=$2 search=$3 manager=$4
shift 4
set -f
newline='
'
IFS=$newline
units= secrets= files=

resolve() {
  case $1 in
    %h/*) path=$HOME/${1#%h/} ;;
    */%U) path=${1%%%U}$(id -u) ;;
    *) path=$1 ;;
  esac
}
ask() {
  case $1 in
    file:*) files=$files$newline${1#file:} ;;
    unit:*) units=$units$newline${1#unit:} ;;
    secret:*) secrets=$secrets$newline${1#secret:} ;;
  esac
}
encoded() { printf '='; base64 "$1" | tr -d '\n'; }
# podman does not even say its version without a runtime folder, and a user has none before the first login.
version() (
  if [ ! -d "${XDG_RUNTIME_DIR:-/run}" ]; then
    XDG_RUNTIME_DIR=$(mktemp -d)
    trap 'rm -rf "$XDG_RUNTIME_DIR"' EXIT
  fi
  podman --version 2>/dev/null
)

printf 'owner %s %s\n' "$(id -u)" "$HOME"
[ -e "/var/lib/systemd/linger/$USER" ] && echo linger
printf 'podman %s\n' "$(version)"
for word; do ask "$word"; done

resolve "$folder"
set +f
for path in "$path"/.*@MANIFEST@; do
  [ -f "$path" ] || continue
  name=${path##*/.}
  name=${name%@MANIFEST@}
  printf 'manifest %s %s\n' "$name" "$(encoded "$path")"
  [ "$name" = "$set" ] || continue
  while IFS=' ' read -r kind name; do
    ask "$kind:$name"
  done <"$path"
done
for folder in $search; do
  resolve "$folder"
  for path in "$path"/*.*; do
    [ -f "$path" ] && printf 'quadlet %s\n' "$path"
  done
done
set -f

for name in $files; do
  resolve "$name"
  [ -f "$path" ] && printf 'file %s %s %s\n' "$(stat -L -c %a "$path")" "$(encoded "$path")" "$name"
done
if [ -n "$secrets" ]; then
  printf 'secrets =%s\n' "$(podman secret inspect $secrets 2>/dev/null | base64 | tr -d '\n')"
fi
# Without a unit it describes the manager itself, which tells as well whether there is one.
shown=$(systemctl $manager show --property=@PROPERTIES@ $units 2>/dev/null)
printf 'units %s\n%s\n' "$?" "$shown"
""".replace("@MANIFEST@", ENDING).replace("@PROPERTIES@", PROPERTIES)


def read_state(
    node: Node,
    places: Places,
    set_name: str,
    *,
    files: t.Iterable[str],
    units: t.Iterable[str],
    secrets: t.Iterable[str],
) -> State:
    """Read the files, units and secrets of a set, and all that the node remembers of it.

    :raises FleetError: the owner does not exist, or the connection may not act for it.
    """
    user = places.user
    words = [f"file:{each}" for each in files]
    words += [f"unit:{each}" for each in units]
    words += [f"secret:{each}" for each in secrets]
    argv = as_owner(
        user,
        "sh",
        "-c",
        SURVEY,
        "sh",
        places.quadlets,
        set_name,
        "\n".join(places.search),
        " ".join(systemctl(user)[1:]),
        *words,
    )
    answer = node.gather({"state": argv})["state"]
    if not isinstance(answer, Completed):
        raise FleetError("this node has no sh")
    refuse_owner(answer, user)
    try:
        return parse_state(answer.stdout, set_name)
    except Unreadable as exc:
        raise CommandError(
            f"the node does not say what {user} has: {last_line(answer.stderr) or 'it said nothing'}",
            argv=argv[:2],
            rc=answer.rc,
            stdout=answer.stdout,
            stderr=answer.stderr,
            node=node.name,
        ) from exc


def refuse_owner(answer: Completed, user: str) -> None:
    """:raises FleetError: as_owner() ended because of the user."""
    if answer.rc == NO_USER:
        raise FleetError(f"user: the node has no user {user}; create it first, or give one that exists")
    if answer.rc == NOT_ALLOWED:
        who = "root" if user == "root" else f"root and {user} itself"
        raise FleetError(f"user: only {who} can manage units of {user}; use become")
