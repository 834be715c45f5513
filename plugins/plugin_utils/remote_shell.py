# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node's shell is sent and what it answers: one request, one answer, however many things are asked.

A request is a script for ``sh`` (dash, bash, busybox ash) and the coreutils, and goes to the shell's standard input,
not to its command line: a command line is limited in length, anyone on the node can read it, and sudo logs it. The
command itself is a short constant. It takes the script, which is padded to whole blocks, with ``dd``; what follows on
the standard input is content in base64.

An answer is one frame on the standard output between two copies of a random token: all the outputs in base64, and
after it all the error outputs. So a banner before or after it, a terminal that changes line ends, and a locale of any
kind do no harm. Inside, the token ends each section too; no program can know it.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import typing as t
from dataclasses import dataclass, field

from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError

BLOCK = 4096

# Run in the C locale: dash and bash must take the bytes of the script as they are.
_COMMAND = 'LC_ALL=C; export LC_ALL; eval "$(dd bs={block} count={count} iflag=fullblock status=none)"'

# File descriptors: 1 the outputs, 6 the error outputs, 2 complaints of the shell itself, 3 what Ansible reads.
_FRAME = """
exec 3>&1 2>/dev/null
[ -x . ] || cd /
printf '\\n%s:' "$token"
errors=$( { { calls; } 3>&- | base64 >&3 3>&- 6>&-; } 6>&1 | base64 )
printf ':%s:%s\\n' "$errors" "$token"
"""

_FUNCTIONS = r"""
# end STATUS: finishes the section of a call
end() {
  printf '\n%s %s\n' "$token" "$1"
  printf '\n%s\n' "$token" >&6
}

# program ARGV...: exec takes no builtin of the same name, and reads no option
program() {
  status=127
  case $1 in
    -*) ;;
    *) ( surroundings; exec 2>&6 6>&-; exec ${_limit:+timeout -k 5 "$_limit"} "$@" ); status=$? ;;
  esac
  # The shell's two exit codes for "could not start it" may as well be the program's own.
  case $status in
    126) found "$1" || status=denied ;;
    127) found "$1" || status=missing ;;
  esac
  end "$status"
}

found() (
  surroundings
  set -f
  case $1 in
    -*) exit 1 ;;
    */*) [ -f "$1" ] && [ -x "$1" ]; exit ;;
  esac
  IFS=:
  for folder in $PATH; do
    [ -f "${folder:-.}/$1" ] && [ -x "${folder:-.}/$1" ] && exit 0
  done
  exit 1
)

# file PATH: what stat says on the first line, then the content, both of the file that is opened once
file() {
  if [ -e "$1" ] && ! [ -f "$1" ]; then
    status=irregular
  else
    { stat -L -c '%a:%u:%g:%U:%G' /dev/stdin && cat; } 2>&6 <"$1"
    status=$?
    [ "$status" -eq 0 ] || ! absent "$1" || status=absent
  fi
  end "$status"
}

# absent PATH: true when it certainly does not exist, false also when a folder on the way may not be searched
absent() {
  at=$1 steps=0
  while ! [ -e "$at" ]; do
    steps=$((steps + 1))
    [ "$steps" -lt 99 ] || return 1
    if [ -L "$at" ]; then
      to=$(readlink "$at")
      case $to in /*) at=$to ;; *) at=${at%/*}/$to ;; esac
    else
      at=${at%/*}
      at=${at:-/}
    fi
  done
  [ "$steps" -gt 0 ] && { ! [ -d "$at" ] || [ -x "$at" ]; }
}

# drop PATH: removes a file; one that does not exist is no error
drop() {
  rm -f "$1" 2>&6 || absent "$1"
  end $?
}

# store PATH MODE OWNER SHA256: replaces the file by the content
store() {
  umask 077
  new=$(mktemp "${1%/*}/.evergreen.XXXXXX" 2>&6) || { end 1; return; }
  trap 'rm -f "$new"; exit 1' HUP INT PIPE TERM
  if fill "$@" 2>&6; then
    end 0
  else
    rm -f "$new"
    end 1
  fi
}

# dd also calls fsync, and tells why it cannot write, as base64 does not. A connection that breaks is an early end of
# the input: the checksum finds it. chown comes before chmod, because it clears set-user-ID bits, and the label before
# the rename, so that nobody ever sees the file under its name without it.
fill() {
  content | dd of="$new" bs=65536 conv=fsync status=none || return
  [ "$(sha256sum <"$new")" = "$4  -" ] || { echo "store: the content did not arrive whole" >&2; return 1; }
  [ -z "$3" ] || chown "$3" "$new" || return
  chmod "$2" "$new" && label "$1" && mv -f -T "$new" "$1"
}

# label PATH: as LocalNode does
label() {
  [ -e /sys/fs/selinux/enforce ] || return 0
  if [ -f "$1" ] && ! [ -L "$1" ]; then
    [ "$(stat -c %C "$1")" = "$(stat -c %C "$new")" ] || chcon --reference="$1" "$new"
  else
    policy=$(PATH=$PATH:/usr/sbin:/sbin matchpathcon -n -m file "$1") && chcon "$policy" "$new"
    return 0
  fi
}
"""


@dataclass(frozen=True)
class Section:
    """What became of one call. ``status`` is its exit code, or a word of the functions above."""

    status: str
    stdout: bytes
    stderr: bytes


class Incomplete(Exception):
    """The answer is not the whole answer to this request."""


@dataclass(frozen=True)
class Request:
    """Calls of the functions above, in order.

    ``content`` is what the shell function of that name gives: to ``store`` as it arrives, to programs only after
    all of it has arrived. Ansible's ssh connection sends all input before it reads any output, so a program that
    answers while it still reads would wait for ever.
    """

    calls: tuple[bytes, ...]
    content: bytes | None = None
    hold: bool = False
    limit: int | None = None
    environment: t.Mapping[str, str] = field(default_factory=dict)
    token: str = field(default_factory=lambda: secrets.token_hex(16))

    def encode(self) -> tuple[str, bytes]:
        """The command for the node's shell and what goes to its standard input."""
        content = base64.b64encode(self.content or b"")
        script = self._script(content)
        count = -(-len(script) // BLOCK)
        return _COMMAND.format(block=BLOCK, count=count), script.ljust(count * BLOCK, b"\n") + content

    def _script(self, content: bytes) -> bytes:
        receive = b"content() { base64 -d; }"
        if self.hold:
            # Half an input is worse than none: what a broken connection leaves of it is never run.
            receive = b"""input=$(cat); [ "${#input}" -eq %d ] || exit
content() { printf %%s "$input" | base64 -d; }""" % len(content)
        return b"\n".join(
            [
                f"token={self.token} _limit={self.limit or ''}".encode(),
                receive,
                # In the subshell of a program only: its variables may have the names of ours.
                b"surroundings() {",
                *(f"export {name}=".encode() + quote(value) for name, value in self.environment.items()),
                b"export LANGUAGE=C LC_ALL=C.UTF-8",
                b"}",
                _FUNCTIONS.encode(),
                b"calls() {",
                *self.calls,
                b"}",
                _FRAME.encode(),
            ]
        )

    def begun(self, answer: str) -> bool:
        """Whether the script has come as far as the calls."""
        return f"{self.token}:" in answer

    def decode(self, answer: str) -> list[Section]:
        """The sections of an answer, one for each call.

        :raises Incomplete: the frame or a section is missing.
        """
        _before, _begin, rest = answer.partition(f"{self.token}:")
        frame, end, _after = rest.partition(f":{self.token}")
        outputs, _colon, errors = frame.partition(":")
        try:
            stdouts = _decode(outputs).split(f"\n{self.token} ".encode())
            stderrs = _decode(errors).split(f"\n{self.token}\n".encode())
        except (binascii.Error, UnicodeEncodeError) as exc:
            raise Incomplete from exc
        if not end or len(stdouts) != len(self.calls) + 1 or len(stderrs) != len(self.calls) + 1:
            raise Incomplete
        sections = []
        stdout = stdouts[0]
        for stderr, following in zip(stderrs, stdouts[1:]):
            status, _newline, next_stdout = following.partition(b"\n")
            sections.append(Section(status.decode(), stdout, stderr))
            stdout = next_stdout
        return sections


def call(function: str, *words: str) -> bytes:
    """A call of one of the functions above."""
    return b" ".join([function.encode(), *map(quote, words)])


def quote(word: str) -> bytes:
    """The one way in which anything gets into a script.

    :raises FleetError: no program can be given a NUL byte.
    """
    if "\0" in word:
        raise FleetError(f"an argument or path holds a NUL byte: {word!r}")
    # Bytes that are not UTF-8 are surrogates in a str, as everywhere in Python.
    return b"'" + word.encode(errors="surrogateescape").replace(b"'", rb"'\''") + b"'"


def _decode(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii").translate(None, b"\r\n"), validate=True)
