# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting: the live one of several addresses, SSH, and the power."""

from __future__ import annotations

import json
import socket
import threading
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.reach import PowerOff, RealWorld, Waiting, contact
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.virsh import Virsh

from .fakes import Answer, Answers, World

MAC = "52:54:00:00:00:01"
OTHER = "52:54:00:00:00:02"
OLD, NEW = "198.51.100.10", "198.51.100.11"
SSH = b"SSH-2.0-OpenSSH_9.2\r\n"
KEYS = "# x\n198.51.100.11 ssh-ed25519 AAAA\n"


def leases(*rows: tuple[str, str]) -> str:
    return "".join(f" vnet0      {mac}    ipv4         {address}/24\n" for mac, address in rows)


def neighbours(*rows: tuple[str, str]) -> str:
    return json.dumps([{"dst": address, "lladdr": mac, "state": ["REACHABLE"]} for mac, address in rows])


def client(domifaddr: Answer, neighbour: str = "[]", state: int = 1) -> Virsh:
    answers: dict[str, Answer] = {
        "domifaddr": domifaddr,
        "neighbour": neighbour,
        "domstats": f"Domain: 'edge1'\n  state.state={state}\n",
        "ssh-keyscan": KEYS,
        "shutdown": "",
    }
    return Virsh(Answers(answers), "qemu:///system")


def asked(virsh: Virsh) -> list[str]:
    assert isinstance(virsh.node, Answers)
    return virsh.node.asked


def find(virsh: Virsh, world: World, goal: str = "ssh", **wanted: t.Any) -> t.Any:
    return contact(virsh, world, "edge1", [MAC], Waiting(goal, timeout=60, **wanted))


def test_the_live_one_of_two_leases() -> None:
    world = World({NEW: (SSH, 20)})
    found = find(client(leases((MAC, OLD), (MAC, NEW))), world)
    assert (found.address, found.host_keys) == (NEW, ("ssh-ed25519 AAAA",))
    assert 20 <= world.time < 21


def test_an_address_that_the_host_has_seen_is_tried_first() -> None:
    world = World({NEW: (SSH, 0)})
    found = find(client(leases((MAC, OLD), (MAC, NEW)), neighbours((MAC, NEW))), world)
    assert (found.address, found.mac) == (NEW, MAC)
    assert world.knocks == [(NEW, 22)]


def test_a_lease_whose_address_somebody_else_has_now() -> None:
    world = World({OLD: (SSH, 0), NEW: (SSH, 10)})
    assert find(client(leases((MAC, OLD), (MAC, NEW)), neighbours((OTHER, OLD), (MAC, NEW))), world).address == NEW


def test_leases_of_other_guests() -> None:
    world = World({OLD: (SSH, 0), NEW: (SSH, 0)})
    assert find(client(leases((OTHER, OLD), (MAC, NEW))), world).address == NEW


def test_a_bridge_without_leases() -> None:
    assert find(client("", neighbours((OTHER, OLD), (MAC, NEW))), World({NEW: (SSH, 0)})).address == NEW


def test_libvirt_cannot_tell_while_the_guest_comes_up() -> None:
    assert find(client((1, "error: no"), neighbours((MAC, NEW))), World({NEW: (SSH, 0)})).address == NEW


def test_known_address() -> None:
    virsh = client(leases((MAC, OLD)))
    assert find(virsh, World({NEW: (SSH, 3)}), address=NEW).address == NEW
    assert not any("domifaddr" in line for line in asked(virsh))


def test_other_port() -> None:
    world, virsh = World({NEW: (SSH, 0)}), client(leases((MAC, NEW)))
    find(virsh, world, port=2222)
    assert world.knocks == [(NEW, 2222)]
    assert any("ssh-keyscan" in line and "-p 2222" in line for line in asked(virsh))


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Request"])
def test_something_else_than_ssh(greeting: bytes) -> None:
    with pytest.raises(FleetError, match=r"does not answer at 198.51.100.11 port 22 with SSH after 60 seconds"):
        find(client(leases((MAC, NEW))), World({NEW: (greeting, 0)}))


def test_address_is_enough() -> None:
    virsh, world = client(leases((MAC, OLD), (MAC, NEW))), World({NEW: (b"", 5)})
    found = find(virsh, world, goal="address")
    assert (found.address, found.host_keys) == (NEW, ())
    assert not any("ssh-keyscan" in line for line in asked(virsh))


def test_no_waiting() -> None:
    world = World({NEW: (SSH, 5)})
    assert find(client(leases((MAC, NEW))), world, goal="none").address is None
    assert world.time == 0


def test_no_address() -> None:
    world = World()
    with pytest.raises(FleetError, match=r"the guest edge1 has no address after 60 seconds \(wait_timeout\)"):
        find(client(""), world)
    assert world.time == 60


def test_the_guest_stopped() -> None:
    world = World()
    with pytest.raises(FleetError, match="the guest edge1 stopped while this task waited"):
        find(client("", state=5), world)
    assert world.time < 10


def test_ssh_keyscan_is_missing() -> None:
    virsh = client(leases((MAC, NEW)))
    assert isinstance(virsh.node, Answers)
    virsh.node.programs["ssh-keyscan"] = FileNotFoundError("No such file or directory")
    with pytest.raises(FleetError, match="package openssh-client on Debian"):
        find(virsh, World({NEW: (SSH, 0)}))


class Stopping(Answers):
    """A guest that stops when it has been asked so often, or never."""

    def __init__(self, after: int) -> None:
        super().__init__({"shutdown": ""})
        self.after = after

    def run(self, argv: t.Sequence[str], **rest: t.Any) -> t.Any:
        presses = sum("shutdown" in line for line in self.asked)
        self.programs["domstats"] = f"Domain: 'edge1'\n  state.state={5 if presses >= self.after else 1}\n"
        return super().run(argv, **rest)


def test_the_button_is_pressed_again_for_a_guest_that_is_still_starting() -> None:
    node, world = Stopping(after=3), World()
    PowerOff(Virsh(node, "qemu:///system"), world, "edge1", 60, "why").apply(node)
    assert sum("shutdown edge1" in line for line in node.asked) == 3
    assert 20 <= world.time < 30


def test_a_guest_that_does_not_hear() -> None:
    node = Stopping(after=1000)
    with pytest.raises(FleetError, match=r"did not shut down within 60 seconds .* force: true"):
        PowerOff(Virsh(node, "qemu:///system"), World(), "edge1", 60, "why").apply(node)


def serve_once(greeting: bytes) -> int:
    server = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        connection = server.accept()[0]
        with connection, server:
            connection.sendall(greeting)

    threading.Thread(target=accept, daemon=True).start()
    return int(server.getsockname()[1])


def test_knock() -> None:
    assert RealWorld().knock("127.0.0.1", serve_once(SSH)) == SSH


def test_knock_at_a_closed_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert RealWorld().knock("127.0.0.1", port) == b""
