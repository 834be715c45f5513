# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Try a set before anything is replaced: the node's own generator and systemd read it in a scratch folder.

The generator of some versions ends with 0 although it skipped a file. What counts is whether it printed a service for
each one.
"""

from __future__ import annotations

import base64
import re
import typing as t
from dataclasses import dataclass

from ..errors import FleetError
from ..node import Node
from .owner import as_owner
from .place import Target
from .state import Unreadable, decoded

# Runs as the owner; what to write comes on its input. Arguments are a word for what they are, ":", and a name.
_TRIAL = r"""
user=$1; shift
umask 077
scratch=$(mktemp -d) || exit
trap 'rm -rf "$scratch"' EXIT HUP INT TERM
quadlets=$scratch/quadlets units=$scratch/units
mkdir "$quadlets" "$units" "$scratch/run"
newline='
'
while IFS=' ' read -r content name; do
  mkdir -p "$scratch/${name%/*}"
  printf %s "${content#=}" | base64 -d >"$scratch/$name"
done
encoded() { printf '='; base64 "$1" | tr -d '\n'; }

# Without its runtime folder podman would start a store of another kind.
has() { [ -d "${XDG_RUNTIME_DIR:-/run}" ] && podman image exists "$1" 2>/dev/null; }

verify= generate=
for word; do
  case $word in
    link:*) path=${word#link:}; ln -s "$path" "$quadlets/${path##*/}" ;;
    unit:*) verify=$verify$newline${word#unit:} ;;
    image:*) has "${word#image:}" || printf 'missing %s\n' "${word#image:}" ;;
    generate) generate=1 ;;
  esac
done

[ -d "${XDG_RUNTIME_DIR:-/run}" ] || export XDG_RUNTIME_DIR="$scratch/run"

if [ -n "$generate" ]; then
  for generator in /usr/libexec/podman/quadlet /usr/lib/podman/quadlet \
    /usr/lib/systemd/system-generators/podman-system-generator; do
    [ -x "$generator" ] && break
  done
  export QUADLET_UNIT_DIRS="$quadlets"
  "$generator" -dryrun $user -no-kmsg-log >"$scratch/out" 2>"$scratch/err"
  printf 'generator %s %s %s\n' "$?" "$(encoded "$scratch/out")" "$(encoded "$scratch/err")"
  out=/dev/null
  while IFS= read -r line; do
    case $line in
      ---*.service---) out=${line#---}; out=$units/${out%---} ;;
      *) printf '%s\n' "$line" >>"$out" ;;
    esac
  done <"$scratch/out"
fi

if [ -n "$verify" ]; then
  IFS=$newline
  set -f
  strict=--recursive-errors=no
  systemd-analyze $strict --version >/dev/null 2>&1 || strict=--man=no
  mode=
  [ -z "$user" ] || mode=--user
  cd "$units" || exit
  paths=
  for name in $verify; do
    # What has only a drop-in here is looked up by its name.
    [ -f "$name" ] && name=./$name
    paths=$paths$newline$name
  done
  # The trailing colon adds the folders of the node.
  SYSTEMD_UNIT_PATH=$units: systemd-analyze $mode --man=no $strict verify $paths >"$scratch/out" 2>&1
  printf 'verify %s %s\n' "$?" "$(encoded "$scratch/out")"
fi
"""

_BLOCK = re.compile(r"^---(\S+)---$", re.MULTILINE)
# The generator begins lines with its name and number.
_PREFIX = re.compile(r"^[\w-]+\[\w+\]: ")
_SCRATCH = re.compile(r"\S*/(?:quadlets|units)/")


@dataclass(frozen=True)
class Verdict:
    """``missing`` are images that the owner does not have yet."""

    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def try_out(
    node: Node,
    user: str,
    targets: t.Sequence[Target],
    *,
    links: t.Iterable[str] = (),
    images: t.Iterable[str] = (),
) -> Verdict:
    """Have a set read by the programs that will read it.

    :arg links: Quadlet files of the node that the set refers to.
    :arg images: image names to look for.
    :raises FleetError: they do not accept it.
    """
    quadlets = [each for each in targets if each.scratch.startswith("quadlets/")]
    services = [each.verified for each in targets if each.verified]
    # What is no unit must not be searched among the services.
    expected = {each.service: each.name for each in quadlets if each.verified and each.service}
    words = [f"link:{path}" for path in links]
    words += [f"image:{name}" for name in images]
    words += [f"unit:{name}" for name in services]
    words += ["generate"] if expected else []
    lines = [f"={base64.b64encode(each.content).decode()} {each.scratch}\n" for each in targets if each.scratch]
    mode = "" if user == "root" else "-user"
    done = node.run(as_owner(user, "sh", "-c", _TRIAL, "sh", mode, *words), stdin="".join(lines).encode())
    answers = [line.split(" ") for line in done.stdout.splitlines()]
    try:
        return _judge(answers, expected)
    except (Unreadable, IndexError, ValueError) as exc:
        raise FleetError("the node did not say what its Quadlet generator and systemd-analyze found") from exc


def _judge(answers: t.Iterable[list[str]], expected: t.Mapping[str, str]) -> Verdict:
    missing, warnings = [], []
    for words in answers:
        if words[0] == "missing":
            missing.append(" ".join(words[1:]))
        elif words[0] == "generator":
            said = _said(decoded(words[3]))
            _refuse_skipped(_BLOCK.findall(decoded(words[2]).decode(errors="replace")), int(words[1]), said, expected)
            warnings += [line for line in said if line.startswith("Warning: ")]
        elif words[0] == "verify" and words[1] != "0":
            said = _said(decoded(words[2]))
            raise FleetError(
                f"units: systemd does not accept the set: {said[0] if said else 'systemd-analyze verify failed'}",
                verify=said,
            )
    return Verdict(tuple(missing), tuple(warnings))


def _refuse_skipped(blocks: t.Collection[str], rc: int, said: t.Sequence[str], expected: t.Mapping[str, str]) -> None:
    skipped = [name for service, name in expected.items() if service not in blocks]
    if not skipped and rc == 0:
        return
    about = [line for line in said if any(name in line for name in skipped)] or list(said)
    what, why = skipped[0] if skipped else "the set", about[0] if about else "it does not say why"
    raise FleetError(
        f"units: the Quadlet generator of the node does not accept {what}: {why}",
        generator=list(said),
    )


def _said(output: bytes) -> list[str]:
    """The lines that say something about the set, without process numbers and scratch folders."""
    lines = [_PREFIX.sub("", line) for line in output.decode(errors="replace").splitlines()]
    return [_SCRATCH.sub("", line) for line in lines if line.strip() and not line.startswith("Loading source ")]
