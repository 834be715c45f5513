# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node whose files are below a folder and whose shell is the real one; systemd, journal and packages are answered."""

from __future__ import annotations

import pathlib
import subprocess
import typing as t
from dataclasses import dataclass, field

from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot.layout import SIGNS, UNITS
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed, File, Source, completed

# Of these the paths in arguments are below the root.
_BELOW = ("/etc/greenboot", "/usr/lib/greenboot", "/usr/libexec/greenboot", "/usr/lib/systemd", "/boot", "/run/ostree")


@dataclass
class Tree:
    """A Node. ``log`` holds what changed it, ``trips`` counts the round trips that a connection would need."""

    root: pathlib.Path
    generation: str | None
    name: str = "edge-1"
    enabled: dict[str, str] = field(default_factory=dict)
    active: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    systemd: bool = True
    trips: int = 0
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.generation is not None:
            self.put(SIGNS[self.generation], "[Service]\nExecStop=true\n")
            for unit in UNITS[self.generation]:
                self.enabled.setdefault(unit, "disabled")
            for folder in ("check/required.d", "check/wanted.d", "green.d", "red.d"):
                self.at(f"/etc/greenboot/{folder}").mkdir(parents=True)

    def at(self, path: str) -> pathlib.Path:
        return self.root / path.lstrip("/")

    def put(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        self.at(path).parent.mkdir(parents=True, exist_ok=True)
        self.at(path).write_bytes(content.encode() if isinstance(content, str) else content)
        self.at(path).chmod(mode)

    def gather(self, wanted: t.Mapping[str, Source]) -> dict[str, Completed | File | None]:
        self.trips += 1
        return {
            name: self._file(source) if isinstance(source, str) else self._look(tuple(source))
            for name, source in wanted.items()
        }

    def run(
        self,
        argv: t.Sequence[str],
        stdin: bytes | None = None,
        ok: t.Collection[int] = (0,),
        timeout: float | None = None,
    ) -> Completed:
        self.trips += 1
        if argv[0] == "sh":
            return self._shell(argv, stdin, timeout)
        self.log.append(" ".join(argv))
        if argv[:2] == ("systemctl", "enable"):
            self.enabled.update(dict.fromkeys(argv[2:], "enabled"))
        elif argv[0] == "mkdir":
            for path in argv[argv.index("--") + 1 :]:
                self.at(path).mkdir(parents=True, exist_ok=True)
        else:
            assert argv[:2] == ("systemctl", "start"), argv
        return completed(argv, 0, b"", b"", ok=ok, node=self.name)

    def write(
        self, path: str, content: bytes, mode: int = 0o644, owner: str | None = None, group: str | None = None
    ) -> None:
        self.trips += 1
        assert (owner, group) == ("root", "root")
        assert self.at(path).parent.is_dir()
        self.log.append(f"write {path}")
        self.put(path, content, mode)

    def remove(self, path: str) -> None:
        self.trips += 1
        self.log.append(f"remove {path}")
        self.at(path).unlink()

    def read(self, paths: t.Iterable[str]) -> dict[str, File | None]:
        raise AssertionError(f"nobody expected to read {list(paths)}")

    def _file(self, path: str) -> File | None:
        assert path.startswith(_BELOW), path
        found = self.at(path)
        return File(found.read_bytes(), found.stat().st_mode & 0o7777, "root", "root") if found.is_file() else None

    def _look(self, argv: tuple[str, ...]) -> Completed | None:
        for words, output in self.answers.items():
            if words in " ".join(argv):
                return Completed(argv, 0, output, "")
        if argv[0] == "systemctl" and not self.systemd:
            return Completed(argv, 1, "", "Failed to connect to bus: No such file or directory\n")
        if argv[:2] == ("systemctl", "show"):
            return Completed(argv, 0, "\n".join(self._unit(unit) for unit in argv[3:]), "")
        return self._shell(argv, None, None) if argv[0] == "sh" else None

    def _unit(self, unit: str) -> str:
        there = unit in self.enabled
        return (
            f"Id={unit}\nLoadState={'loaded' if there else 'not-found'}\n"
            f"ActiveState={self.active.get(unit, 'inactive')}\nUnitFileState={self.enabled.get(unit, '')}\nJob=0\n"
        )

    def _shell(self, argv: t.Sequence[str], stdin: bytes | None, timeout: float | None) -> Completed:
        words = list(argv[:3]) + [self._below(word) for word in argv[3:]]
        done = subprocess.run(words, input=stdin or b"", capture_output=True, timeout=timeout, check=False)
        assert done.stderr == b"", done.stderr
        stdout = done.stdout.replace(str(self.root).encode(), b"")
        return completed(argv, done.returncode, stdout, b"", ok=(done.returncode,), node=self.name)

    def _below(self, word: str) -> str:
        return ":".join(f"{self.root}{part}" if part.startswith(_BELOW) else part for part in word.split(":"))
