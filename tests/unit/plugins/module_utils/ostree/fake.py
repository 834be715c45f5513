# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that answers from a script, and fails on anything that is not in it."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field

from ansible_collections.evergreen.fleet.plugins.module_utils.errors import CommandError, ConnectionLost, FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed, File, Source, completed
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree import layout
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.transaction import Patience

from .build import document

State = dict[str, t.Any]
CLIENT = ("env", "RPMOSTREE_CLIENT_ID=evergreen.fleet")


@dataclass
class Step:
    """A command that the host expects next.

    ``becomes`` is the state of the host afterwards, in whatever way the command ends.
    """

    command: str
    becomes: State | None = None
    rc: int = 0
    stderr: str = ""
    lost: bool = False


@dataclass
class FakeHost:
    """A Node. ``answers`` are outputs of the programs that are asked for beside the status, by their first words."""

    state: State
    script: list[Step] = field(default_factory=list)
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    name: str = "edge-1"
    unreachable: int = 0
    failures: list[str] = field(default_factory=list)
    booted_through_ostree: bool = True
    gathers: int = 0
    programs: list[str] = field(default_factory=list)

    def gather(self, wanted: t.Mapping[str, Source]) -> dict[str, Completed | File | None]:
        self.gathers += 1
        self._answer()
        return {name: self._look(source) for name, source in wanted.items()}

    def run(
        self,
        argv: t.Sequence[str],
        stdin: bytes | None = None,
        ok: t.Collection[int] = (0,),
        timeout: float | None = None,
    ) -> Completed:
        assert stdin is None
        assert timeout is None
        self._answer()
        assert tuple(argv[:2]) == CLIENT, argv
        command = " ".join(argv[2:])
        self.programs.append(command)
        assert self.script, f"nobody expected {command}"
        step = self.script.pop(0)
        assert command == step.command
        self.state = step.becomes or self.state
        if step.lost:
            raise ConnectionLost("the connection is gone")
        return completed(argv, step.rc, b"", step.stderr.encode(), ok=ok, node=self.name)

    def read(self, paths: t.Iterable[str]) -> dict[str, File | None]:
        raise AssertionError(f"nobody expected to read {list(paths)}")

    def write(self, path: str, *_what: t.Any, **_more: t.Any) -> None:
        raise AssertionError(f"nobody expected to write {path}")

    def remove(self, path: str) -> None:
        raise AssertionError(f"nobody expected to remove {path}")

    def _answer(self) -> None:
        if self.unreachable:
            self.unreachable -= 1
            raise ConnectionLost("no route")

    def _look(self, source: Source) -> Completed | File | None:
        if isinstance(source, str):
            return self._file(source)
        self.programs.append(" ".join(source).split("\n", maxsplit=1)[0] if source[0] == "sh" else " ".join(source))
        if tuple(source) == ("rpm-ostree", "status", "--json"):
            if self.failures:
                return Completed(tuple(source), 1, "", self.failures.pop(0))
            return Completed(tuple(source), 0, json.dumps(document(self.state), indent=2), "")
        if tuple(source) == layout.ARGV:
            return Completed(tuple(source), 0, self._layout(), "")
        line = " ".join(source)
        for words, (rc, stdout) in self.answers.items():
            if words in line:
                return Completed(tuple(source), rc, stdout, "")
        raise AssertionError(f"nobody expected {line}")

    def _file(self, path: str) -> File | None:
        content = {
            "/run/ostree-booted": b"" if self.booted_through_ostree else None,
            "/run/ostree/staged-deployment": None,
            "/etc/rpm-ostreed.conf": b"[Daemon]\nLockLayering=%s\n" % str(self.state.get("lock", "false")).encode(),
            "/proc/cmdline": b"BOOT_IMAGE=(hd0,gpt3)/vmlinuz rw quiet\n",
        }
        assert path in content, f"nobody expected to read {path}"
        data = content[path]
        return None if data is None else File(data, 0o644, "root", "root")

    def _layout(self) -> str:
        listed = [each for each in self.state["deployments"] if not each.get("staged")]
        lines = [
            f"deployment {each['created']} /ostree/deploy/{state['osname']}/deploy/{state['checksum']}.0/"
            for each, state in zip(self.state["deployments"], document(self.state)["deployments"], strict=True)
            if "created" in each
        ]
        for number, each in enumerate(listed):
            if "kernel_arguments" not in each:
                continue
            osname = each.get("osname", "fedora-coreos")
            words = [*each["kernel_arguments"], f"ostree=/ostree/boot.1/{osname}/{'e' * 64}/{number}"]
            lines += [
                f"entry /boot/loader/entries/ostree-{len(listed) - number}.conf",
                f"line version {len(listed) - number}",
                f"line options {' '.join(words)}",
            ]
        lines += ["metadata"] if self.state.get("cached") else []
        return "\n".join(lines) + "\n"


class Clock:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def patience(self, timeout: float = 600) -> Patience:
        return Patience(timeout, pause=5, sleep=self.sleep, clock=self)


__all__ = ["CLIENT", "Clock", "CommandError", "FakeHost", "FleetError", "State", "Step"]
