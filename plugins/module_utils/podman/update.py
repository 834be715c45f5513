# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways to update: podman's own for everything, and unit by unit for some of them."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ..errors import CommandError
from ..node import Completed, Node, last_line
from .autoupdate import FAILED, ROLLED_BACK, UPDATED, Answer, Container, read_answer
from .owner import run_as, systemctl

_AUTHFILE_LABEL = "io.containers.autoupdate.authfile"

# podman's exit code for any error of its own
ERROR = 125


@dataclass(frozen=True)
class Options:
    rollback: bool = True
    authfile: str | None = None
    tls_verify: bool | None = None

    def pulling(self) -> tuple[str, ...]:
        authfile = () if self.authfile is None else (f"--authfile={self.authfile}",)
        return (*authfile, *(() if self.tls_verify is None else (f"--tls-verify={str(self.tls_verify).lower()}",)))


def auto_update(options: Options, *, dry_run: bool) -> tuple[str, ...]:
    """podman's own command."""
    return (
        *("podman", "auto-update", "--format=json", *options.pulling()),
        *(() if options.rollback else ("--rollback=false",)),
        *(("--dry-run",) if dry_run else ()),
    )


@dataclass(frozen=True)
class UpdateAll:
    """podman updates everything that has an update."""

    user: str
    options: Options
    reason: str

    def update(self, node: Node) -> Answer:
        return read_answer(run_as(node, self.user, auto_update(self.options, dry_run=False), ok=(0, ERROR)))

    def report(self) -> dict[str, t.Any]:
        return {"argv": list(auto_update(self.options, dry_run=False)), "user": self.user, "reason": self.reason}


@dataclass(frozen=True)
class UpdateUnit:
    """One unit is updated in the way that podman does it: pull, restart, and back to the old images if that fails."""

    user: str
    unit: str
    containers: tuple[Container, ...]
    options: Options

    def update(self, node: Node) -> Answer:
        old = self._images(node)
        try:
            for each in self.containers:
                if each.policy == "registry":
                    self._pull(node, each)
        except CommandError as exc:
            # Nothing was restarted: the old version still runs. Its name must not stand for something else.
            self._tag(node, old)
            return self._answer(FAILED, last_line(exc.stderr) or exc.message)
        if self._restart(node):
            return self._answer(UPDATED)
        if not self.options.rollback:
            return self._answer(FAILED)
        self._tag(node, old)
        return self._answer(ROLLED_BACK if self._restart(node) else FAILED)

    def _answer(self, outcome: str, error: str = "") -> Answer:
        return Answer(tuple(replace(each, outcome=outcome) for each in self.containers), error)

    def _images(self, node: Node) -> dict[str, str]:
        """By the image's name, the ID of the one that runs."""
        found = {}
        for each in self.containers:
            done = self._run(node, "podman", "container", "inspect", "--format={{.Image}}", each.name)
            found[each.image] = done.stdout.strip()
        return found

    def _pull(self, node: Node, container: Container) -> None:
        label = f'--format={{{{index .Config.Labels "{_AUTHFILE_LABEL}"}}}}'
        authfile = self._run(node, "podman", "container", "inspect", label, container.name).stdout.strip()
        options = replace(self.options, authfile=authfile) if authfile.startswith("/") else self.options
        self._run(node, "podman", "pull", "--quiet", *options.pulling(), container.image)

    def _tag(self, node: Node, old: t.Mapping[str, str]) -> None:
        for name, image in old.items():
            self._run(node, "podman", "tag", image, name)

    def _restart(self, node: Node) -> bool:
        try:
            self._run(node, *systemctl(self.user), "restart", self.unit)
        except CommandError:
            return False
        return True

    def _run(self, node: Node, *argv: str) -> Completed:
        return run_as(node, self.user, argv)

    def report(self) -> dict[str, t.Any]:
        images = ", ".join(each.image for each in self.containers)
        return {"update": self.unit, "user": self.user, "reason": f"there is something newer under {images}"}
