# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ports of a workload, written as podman takes them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError

_PORT = re.compile(
    r"(?:(?:(?P<address>\[[^\]]+\]|[^:\[\]]*):)?(?P<host>\d+(?:-\d+)?)?:)?"
    r"(?P<container>\d+(?:-\d+)?)(?:/(?P<protocol>tcp|udp|sctp))?"
)
_HIGHEST = 65535


@dataclass(frozen=True)
class Published:
    """One port of the container. ``text`` is what the user wrote; ``host`` is None where podman is to choose."""

    text: str
    address: str
    host: int | None
    container: int
    protocol: str


def parse_ports(where: str, texts: list[str]) -> tuple[Published, ...]:
    """:raises FleetError: something that is no port."""
    return tuple(each for text in texts for each in _parse(where, str(text)))


def _parse(where: str, text: str) -> list[Published]:
    match = _PORT.fullmatch(text)
    if not match:
        raise FleetError(f"{where}: ports: {text!r} is no port; give HOST:CONTAINER, for example '8080:80', in quotes")
    inside = _numbers(where, text, match["container"])
    outside = _numbers(where, text, match["host"]) if match["host"] else [None] * len(inside)
    if len(outside) != len(inside):
        raise FleetError(f"{where}: ports: the two ranges of {text!r} are not of the same length")
    protocol = match["protocol"] or "tcp"
    return [
        Published(text, match["address"] or "", host, port, protocol)
        for host, port in zip(outside, inside, strict=True)
    ]


def _numbers(where: str, text: str, numbers: str) -> list[int]:
    first, _dash, last = numbers.partition("-")
    found = list(range(int(first), int(last or first) + 1))
    if not found or found[0] < 1 or found[-1] > _HIGHEST:
        raise FleetError(f"{where}: ports: {text!r} has a number that is not from 1 to {_HIGHEST}")
    return found
