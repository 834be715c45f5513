# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the agent measures: Prometheus text on a unix socket, without HTTP."""

from __future__ import annotations

import math
import re
import typing as t
from dataclasses import dataclass, field

from ..node import Completed, File

SOCKET = "/run/zincati/public/metrics.promsock"

_NO_SOCKET = 3
_NO_READER = 4

# ncat and socat do just this. curl takes an answer without a header for one of HTTP 0.9, but where the agent has closed
# the socket before curl looks, which is every other time, it says that it could not connect (7) or send (55). So it
# tries again unless nothing came in time (28). What it says about the end of the connection is no matter.
SCRIPT = rf"""
[ -S "$1" ] || exit {_NO_SOCKET}
have() {{ command -v "$1" >/dev/null; }}
if have ncat; then
  exec timeout 10 ncat --recv-only -U "$1"
elif have socat; then
  exec timeout 10 socat -u "UNIX-CONNECT:$1" -
elif have curl; then
  tries=0
  while [ "$tries" -lt 30 ]; do
    tries=$((tries + 1))
    text=$(curl --silent --max-time 10 --http0.9 --unix-socket "$1" http://localhost/)
    ended=$?
    if [ -n "$text" ] || [ "$ended" = 28 ]; then break; fi
  done
  printf '%s\n' "$text"
else
  exit {_NO_READER}
fi
"""

ARGV = ("sh", "-c", SCRIPT, "sh", SOCKET)

_SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})?\s+(?P<value>\S+)(?:\s+-?\d+)?")
_LABEL = re.compile(r'(?P<name>[a-zA-Z_]\w*)="(?P<value>(?:[^"\\]|\\.)*)"')
_ESCAPES = {"n": "\n"}


@dataclass(frozen=True)
class Sample:
    labels: t.Mapping[str, str]
    value: float | None
    """None for what is no number."""


@dataclass(frozen=True)
class Metrics:
    """``missing`` says why there are none."""

    samples: t.Mapping[str, tuple[Sample, ...]] = field(default_factory=dict)
    missing: str = ""

    def number(self, name: str) -> float | None:
        """Of a metric without labels."""
        found = self.samples.get(name)
        return found[0].value if found else None


def read(answer: Completed | File | None) -> Metrics:
    """What the script above printed."""
    if not isinstance(answer, Completed):
        return Metrics(missing="the node has no sh")
    if answer.rc == _NO_SOCKET:
        return Metrics(missing=f"there is no socket {SOCKET}; the agent makes it when it starts")
    if answer.rc == _NO_READER:
        return Metrics(missing=f"the node has none of ncat, socat and curl to read {SOCKET} with")
    samples = parse(answer.stdout)
    return Metrics(samples, "" if samples else f"nothing answered on {SOCKET}")


def parse(text: str) -> dict[str, tuple[Sample, ...]]:
    """The samples by name. Comments, and lines that are none of the format, are left out."""
    found: dict[str, list[Sample]] = {}
    for line in text.splitlines():
        sample = _SAMPLE.fullmatch(line.strip())
        if sample and not line.startswith("#"):
            labels = {each["name"]: _unescaped(each["value"]) for each in _LABEL.finditer(sample["labels"] or "")}
            found.setdefault(sample["name"], []).append(Sample(labels, _number(sample["value"])))
    return {name: tuple(samples) for name, samples in found.items()}


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number
