# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A container that the first request starts and that stops when nobody asks for it any more.

For each port systemd listens, and starts a proxy (systemd-socket-proxyd) with the first connection. The proxy binds
the container to itself and ends when idle; a container that nothing needs is stopped. The proxy is bound, and does not
only require it: when the container dies, new connections wait in the socket until it is back.
"""

from __future__ import annotations

import re

from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError

from .ports import Published
from .text import Options, UnitText
from .wanted import networks_of, number, ports_of

BACKEND_OFFSET = 10000
_HIGHEST = 65535
_SPAN = re.compile(r"(\d+[a-z]*)+")
_PROXY = "/usr/lib/systemd/systemd-socket-proxyd"


def backends(where: str, workload: Options) -> tuple[Published, ...]:
    """Where the container itself listens: on ports of the node that nobody else reaches.

    :raises FleetError: it cannot be served on demand.
    """
    offset = number(where, workload, "backend_offset", BACKEND_OFFSET)
    ports = ports_of(where, workload)
    if not ports:
        raise FleetError(f"{where}: on_demand needs ports, because a request to one of them starts it")
    modes = {network.partition(":")[0] for network in networks_of(where, workload)}
    if modes & {"host", "none", "container", "ns"}:
        raise FleetError(f"{where}: on_demand needs a network of its own, without which ports are not published")
    return tuple(_backend(where, port, offset) for port in ports)


def _backend(where: str, port: Published, offset: int) -> Published:
    if port.host is None or port.protocol != "tcp":
        raise FleetError(f"{where}: on_demand serves TCP ports with a number on the node, not {port.text!r}")
    number = port.host + offset
    if not 0 < number <= _HIGHEST or offset == 0:
        raise FleetError(
            f"{where}: on_demand needs another port of the node for {port.text!r}, and {port.host} + {offset} is none; "
            "give another backend_offset"
        )
    return Published(f"127.0.0.1:{number}:{port.container}", "127.0.0.1", number, port.container, "tcp")


def proxies(where: str, workload: Options, name: str, *, stopped: bool) -> list[Options]:
    """The socket and the proxy of each port, as the module quadlet takes units."""
    idle = str(workload.get("idle_timeout", "10min"))
    if not _SPAN.fullmatch(idle):
        raise FleetError(f"{where}: idle_timeout must be a time without blanks, for example 10min, not {idle!r}")
    found: list[Options] = []
    for port, backend in zip(ports_of(where, workload), backends(where, workload), strict=True):
        socket, proxy = UnitText(where), UnitText(where)
        socket.add("Unit", Description=f"The port {port.host} of {name}")
        socket.add("Socket", ListenStream=f"{port.address}:{port.host}" if port.address else port.host)
        if not stopped:
            socket.add("Install", WantedBy="sockets.target")
        proxy.add("Unit", Description=f"Requests to the port {port.host} of {name}")
        proxy.add("Unit", BindsTo=f"{name}.service", After=f"{name}.service")
        proxy.add(
            "Service", Type="notify", ExecStart=f"{_PROXY} --exit-idle-time={idle} {backend.address}:{backend.host}"
        )
        for kind, text in (("socket", socket), ("service", proxy)):
            unit = {"name": f"{name}-{port.host}.{kind}", "content": str(text)}
            found.append({**unit, "state": "stopped"} if stopped else unit)
    return found
