# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run things as the owner of units.

The connection's own user does it where that is the owner. Root becomes the owner with the chroot of the coreutils,
which also drops groups and capabilities, and is on every node; nothing logs in. The runtime folder says where the
owner's systemd and message bus are, so that no session is needed.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..errors import CommandError
from ..node import Completed, Node, last_line

NO_USER = 41
"""Exit code: the node has no such user."""

NOT_ALLOWED = 42
"""Exit code: whoever the connection is may not become this user."""

_BECOME = f"""
user=$1; shift
uid=$(id -u "$user" 2>/dev/null) || exit {NO_USER}
me=$(id -u)
[ "$me" = 0 ] || [ "$me" = "$uid" ] || exit {NOT_ALLOWED}
if [ "$uid" = 0 ]; then cd /; exec "$@"; fi
eval "home=~$user"
run=/run/user/$uid
set -- env -u XDG_CONFIG_HOME -u XDG_DATA_HOME -u XDG_STATE_HOME -u XDG_CACHE_HOME \\
  HOME="$home" USER="$user" LOGNAME="$user" XDG_RUNTIME_DIR="$run" DBUS_SESSION_BUS_ADDRESS="unix:path=$run/bus" "$@"
[ "$me" = "$uid" ] || set -- chroot --userspec="$user" / "$@"
cd /
exec "$@"
"""


def as_owner(user: str, *argv: str) -> tuple[str, ...]:
    """The argv that runs another one as a user.

    :arg user: a name that check_user() has seen.
    """
    return ("sh", "-c", _BECOME, "sh", user, *argv)


def run_as(
    node: Node, user: str, argv: t.Sequence[str], stdin: bytes | None = None, ok: t.Collection[int] = (0,)
) -> Completed:
    """Run a program as a user.

    :raises CommandError: as Node.run(), about the program and not about what became the user.
    """
    try:
        return node.run(as_owner(user, *argv), stdin=stdin, ok=ok)
    except CommandError as exc:
        if exc.rc is None:
            raise
        said = last_line(exc.stderr) or last_line(exc.stdout) or "it said nothing"
        raise CommandError(
            f"{' '.join(argv[:2])} of {user} ended with exit code {exc.rc}: {said}",
            argv=argv,
            rc=exc.rc,
            stdout=exc.stdout,
            stderr=exc.stderr,
            node=exc.node,
        ) from exc


def systemctl(user: str) -> tuple[str, ...]:
    return ("systemctl",) if user == "root" else ("systemctl", "--user")


@dataclass(frozen=True)
class OwnerRun:
    """A step that runs a program as the owner."""

    user: str
    argv: tuple[str, ...]
    reason: str
    ok: tuple[int, ...] = (0,)

    def apply(self, node: Node) -> None:
        run_as(node, self.user, self.argv, ok=self.ok)

    def report(self) -> dict[str, t.Any]:
        return {"argv": list(self.argv), "user": self.user, "reason": self.reason}
