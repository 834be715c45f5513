# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for a guest: its live address, its SSH server, and its power."""

from __future__ import annotations

import socket
import time
import typing as t
from dataclasses import dataclass

from ..errors import CommandError, FleetError
from ..node import Node
from . import parse
from .model import ABSENT, STOPPED
from .virsh import Virsh, call

_PAUSE = 0.5
"""Seconds between two looks."""

_KNOCK = 1.5
"""Seconds for one connection: a lease that nobody holds any more answers never."""


class World(t.Protocol):
    """The time and the network of the hypervisor. Tests bring their own."""

    def now(self) -> float:
        """Seconds of a clock that only goes forward."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def knock(self, address: str, port: int) -> bytes | None:
        """What a server says first, empty when the machine is there but nothing listens, None when nobody answers."""


class RealWorld:
    """The machine that the module runs on."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def knock(self, address: str, port: int) -> bytes | None:
        try:
            with socket.create_connection((address, port), timeout=_KNOCK) as connection:
                return connection.recv(64)
        except ConnectionRefusedError:
            return b""
        except OSError:
            return None


@dataclass(frozen=True)
class Contact:
    """Where a guest answers."""

    address: str | None = None
    mac: str | None = None
    host_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Waiting:
    """What to wait for. ``goal`` is none, address or ssh; ``address`` is one that is known beforehand."""

    goal: str
    timeout: float
    port: int = 22
    address: str | None = None


def contact(client: Virsh, world: World, name: str, macs: t.Sequence[str], wanted: Waiting) -> Contact:
    """Where a running guest answers, waiting as asked.

    :arg macs: the addresses of its network cards, in their order.
    :raises FleetError: it did not answer in time, or it is not running any more.
    """
    deadline = world.now() + wanted.timeout
    looks = 0
    while True:
        candidates = _candidates(client, name, macs, wanted.address)
        for address in candidates:
            greeting = world.knock(address, wanted.port)
            if greeting is None or (wanted.goal == "ssh" and not greeting.startswith(b"SSH-")):
                continue
            mac = parse.neighbours(_neighbours(client.node)).get(address)
            if mac is None or mac in macs:
                keys = _host_keys(client.node, address, wanted.port) if wanted.goal == "ssh" else ()
                return Contact(address, mac, keys)
        if wanted.goal == "none":
            return Contact()
        looks += 1
        if looks % 10 == 0:
            _still_running(client, name)
        if world.now() >= deadline:
            raise FleetError(_too_late(name, candidates, wanted))
        world.sleep(_PAUSE)


def _candidates(client: Virsh, name: str, macs: t.Sequence[str], known: str | None) -> list[str]:
    """Every address that the guest may have, first those at which the host has seen it.

    A guest can hold two leases: its initramfs and its real root have different client identifiers.
    """
    if known:
        return [known]
    seen = [address for address, mac in parse.neighbours(_neighbours(client.node)).items() if mac in macs]
    try:
        leases = parse.addresses(client.ask("domifaddr", name, "--source", "lease", "--full"))
    except CommandError:
        # While the guest is going down or coming up.
        leases = []
    return [*seen, *(address for mac, address in leases if mac in macs and address not in seen)]


def _neighbours(node: Node) -> str:
    # Not "virsh domifaddr --source arp": libvirt 9.0 fails on newer kernels with "wrong nlmsg len".
    return call(node, ("ip", "-json", "-4", "neighbour")).stdout


def _still_running(client: Virsh, name: str) -> None:
    if parse.states(client.ask("domstats", "--state", name)).get(name, ABSENT) in (STOPPED, ABSENT):
        raise FleetError(f"the guest {name} stopped while this task waited for it; see its console_log")


def _too_late(name: str, candidates: t.Sequence[str], wanted: Waiting) -> str:
    what = f"does not answer at {', '.join(candidates)}" if candidates else "has no address"
    if wanted.goal == "ssh" and candidates:
        what += f" port {wanted.port} with SSH"
    return f"the guest {name} {what} after {wanted.timeout:g} seconds (wait_timeout); see its console_log"


def _host_keys(node: Node, address: str, port: int) -> tuple[str, ...]:
    printed = call(node, ("ssh-keyscan", "-T", "30", "-p", str(port), address), ok=(0, 1)).stdout
    return tuple(parse.host_keys(printed))


@dataclass(frozen=True)
class PowerOff:
    """A step that asks the guest to shut down and waits until it has."""

    client: Virsh
    world: World
    name: str
    timeout: float
    reason: str

    @property
    def argv(self) -> tuple[str, ...]:
        return self.client.argv("shutdown", self.name, "--mode", "acpi")

    def apply(self, node: Node) -> None:
        deadline = self.world.now() + self.timeout
        looks = 0
        while parse.states(self.client.ask("domstats", "--state", self.name)).get(self.name, ABSENT) != STOPPED:
            if self.world.now() >= deadline:
                raise FleetError(
                    f"the guest {self.name} did not shut down within {self.timeout:g} seconds (wait_timeout);"
                    " with force: true its power is cut"
                )
            # Again now and then: a guest that is still starting does not hear the button.
            if looks % 20 == 0:
                node.run(self.argv, ok=(0, 1))
            looks += 1
            self.world.sleep(_PAUSE)

    def report(self) -> dict[str, t.Any]:
        return {"argv": list(self.argv), "reason": self.reason}
