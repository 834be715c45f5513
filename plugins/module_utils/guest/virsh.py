# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs on the hypervisor: virsh, and what to install when one is missing."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import urlsplit

from ..errors import CommandError, FleetError
from ..node import Completed, Node, last_line
from ..outcome import Run
from . import parse

# libvirt may look at every QEMU binary again before it answers, several seconds each on a slow host.
_PATIENCE = 180.0

_PACKAGES = {
    "virsh": "libvirt-clients on Debian, libvirt-client on Fedora",
    "virt-install": "virtinst on Debian, virt-install on Fedora",
    "qemu-img": "qemu-utils on Debian, qemu-img on Fedora",
    "ip": "iproute2 on Debian, iproute on Fedora",
    "ssh-keyscan": "openssh-client on Debian, openssh-clients on Fedora",
}


# virsh takes a number for the id of a running guest and a UUID for a UUID before it takes either for a name.
_NAME = re.compile(r"(?!\d+$)(?![0-9a-fA-F-]{36}$)[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def check_name(name: str, kind: str) -> None:
    """
    :arg kind: guest or network, for the message.
    :raises FleetError: virsh would not take it for a name, or it cannot be the name of a file.
    """
    if not _NAME.fullmatch(name):
        raise FleetError(
            f"name: {name!r} cannot be the name of a {kind}: letters, digits, '.', '_' and '-', at most 63,"
            " no number and no UUID"
        )


def call(
    node: Node,
    argv: t.Sequence[str],
    stdin: bytes | None = None,
    ok: t.Collection[int] = (0,),
    timeout: float | None = _PATIENCE,
) -> Completed:
    """Node.run(), but a missing program is one sentence that names its package.

    :raises CommandError: as Node.run().
    :raises FleetError: the program is not installed.
    """
    try:
        return node.run(argv, stdin=stdin, ok=ok, timeout=timeout)
    except CommandError as exc:
        if isinstance(exc.__cause__, FileNotFoundError):
            raise FleetError(f"{exc.message}; it is in the package {_PACKAGES[argv[0]]}") from exc
        raise


def reason(error: CommandError) -> str:
    """What virsh or virt-install says went wrong, without the word in front of it."""
    text = last_line(error.stderr) or last_line(error.stdout) or error.message
    for word in ("error:", "ERROR"):
        text = text[len(word) :].strip() if text.startswith(word) else text
    return text


class Virsh:
    """virsh on one connection."""

    def __init__(self, node: Node, uri: str) -> None:
        """
        :raises FleetError: the connection leads to another machine.
        """
        if urlsplit(uri).netloc:
            raise FleetError(f"uri: {uri} is on another machine; run the task there (delegate_to) with qemu:///system")
        self.node = node
        self.uri = uri

    def argv(self, *words: str) -> tuple[str, ...]:
        return ("virsh", "--quiet", "--connect", self.uri, *words)

    def step(self, reason: str, *words: str, stdin: bytes | None = None) -> Run:
        """The same call as a step of a plan."""
        return Run(self.argv(*words), reason, stdin=stdin, timeout=_PATIENCE)

    def ask(self, *words: str, ok: t.Collection[int] = (0,)) -> str:
        """What a command that only reads prints.

        :raises CommandError: virsh says no.
        """
        return call(self.node, self.argv(*words), ok=ok).stdout

    def names(self, *words: str) -> list[str]:
        """The names that a list command prints.

        :raises FleetError: libvirt cannot be reached, with the way out.
        """
        return [name.strip() for name in self._first(*words, "--name").splitlines() if name.strip()]

    def states(self) -> dict[str, str]:
        """The state of every guest, by name.

        :raises FleetError: libvirt cannot be reached, with the way out.
        """
        return parse.states(self._first("domstats", "--state"))

    def _first(self, *words: str) -> str:
        """A question that libvirt cannot say no to: when it fails, there is no connection."""
        try:
            return self.ask(*words)
        except CommandError as exc:
            raise FleetError(
                f"uri: cannot connect to {self.uri}: {reason(exc)}; libvirtd has to run there, and the user of this"
                " task needs become: true or membership in the group libvirt"
            ) from exc
