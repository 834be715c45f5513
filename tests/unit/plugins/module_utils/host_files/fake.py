# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host with files and a systemd that does what it is told, and fails on anything else."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed, File, Source, completed

WORDS = {"reenable": "enabled", "enable": "enabled", "disable": "disabled", "mask": "masked", "unmask": "disabled"}


@dataclass
class FakeHost:
    """``units`` has what systemctl says: whether enabled, and the state. ``crashing`` units do not stay up."""

    files: dict[str, File] = field(default_factory=dict)
    units: dict[str, tuple[str, str]] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    crashing: set[str] = field(default_factory=set)
    refuses: str = ""
    systemd: str = "systemd 257 (257.9-1)\n+PAM\n"
    name: str = "edge-1"
    gathers: int = 0
    done: list[str] = field(default_factory=list)
    verified: list[str] = field(default_factory=list)

    def gather(self, wanted: t.Mapping[str, Source]) -> dict[str, Completed | File | None]:
        self.gathers += 1
        return {name: self._look(source) for name, source in wanted.items()}

    def _look(self, source: Source) -> Completed | File | None:
        if isinstance(source, str):
            return self.files.get(source)
        argv = tuple(source)
        if argv[:2] == ("test", "-d"):
            here = argv[2] in self.folders or any(path.startswith(f"{argv[2]}/") for path in self.files)
            return Completed(argv, 0 if here else 1, "", "")
        if argv == ("systemctl", "--version"):
            return Completed(argv, 0, self.systemd, "") if self.systemd else None
        if argv == ("systemd-analyze", "--version"):
            return Completed(argv, 0, self.systemd, "")
        enabled, active = self.units.get(argv[-1], ("not-found", "inactive"))
        if argv[:3] == ("systemctl", "is-enabled", "--"):
            return Completed(argv, 0 if enabled == "enabled" else 1, f"{enabled}\n", "")
        assert argv[:4] == ("systemctl", "show", "--property=ActiveState,NeedDaemonReload", "--"), argv
        return Completed(argv, 0, f"ActiveState={active}\nNeedDaemonReload=no\n", "")

    def run(
        self,
        argv: t.Sequence[str],
        stdin: bytes | None = None,
        ok: t.Collection[int] = (0,),
        timeout: float | None = None,
    ) -> Completed:
        if argv[0] == "sh":
            assert stdin is not None
            self.verified += [line.split()[0] for line in stdin.decode().splitlines()]
            return completed(argv, 1 if self.refuses else 0, b"", self.refuses.encode(), ok=ok, node=self.name)
        assert stdin is None
        assert timeout is None
        self.done.append(" ".join(argv))
        if argv[0] == "install":
            self.folders.add(argv[-1])
        elif argv[1] != "daemon-reload":
            self._systemctl(argv[1], argv[-1])
        return completed(argv, 0, b"", b"", ok=ok, node=self.name)

    def _systemctl(self, verb: str, name: str) -> None:
        enabled, active = self.units.get(name, ("disabled", "inactive"))
        enabled = WORDS.get(verb, enabled)
        if verb in ("start", "stop"):
            active = "active" if verb == "start" and name not in self.crashing else "inactive"
        self.units[name] = enabled, active

    def read(self, paths: t.Iterable[str]) -> dict[str, File | None]:
        raise AssertionError(f"nobody expected to read {list(paths)}")

    def write(
        self, path: str, content: bytes, mode: int = 0o644, owner: str | None = None, group: str | None = None
    ) -> None:
        self.done.append(f"write {path}")
        self.files[path] = File(content, mode, owner or "root", group or "root")

    def remove(self, path: str) -> None:
        self.done.append(f"remove {path}")
        self.files.pop(path, None)
        self.units.pop(path.rpartition("/")[2], None)
