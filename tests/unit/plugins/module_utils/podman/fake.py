# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builders for sets and states, and a node that answers from them and fails on anything else."""

from __future__ import annotations

import base64
import typing as t
from dataclasses import dataclass, field

from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed, File, Source, completed
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.manifest import Manifest
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.state import Found, State, UnitState
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.wanted import Wanted

HOME = "/home/core"
QUADLETS = "%h/.config/containers/systemd"
UNITS = "%h/.config/systemd/user"


def wanted(
    units: t.Mapping[str, str], user: str = "core", states: t.Mapping[str, str] | None = None, **more: t.Any
) -> Wanted:
    """A set named web from contents by name."""
    params: dict[str, t.Any] = {"name": "web", "user": user, "drop_ins": [], "files": [], "secrets": []}
    listed = [{"name": name, "content": text, "state": (states or {}).get(name)} for name, text in units.items()]
    return Wanted.from_params({**params, "units": listed, **more})


def state(**facts: t.Any) -> State:
    """A node on which core is ready and has nothing."""
    version: tuple[int, int] | None = facts.pop("podman", (5, 4))
    files = facts.pop("files", {})
    units = facts.pop("units", {})
    return State(
        uid=facts.pop("uid", 1000),
        home=HOME,
        linger=facts.pop("linger", True),
        manager=facts.pop("manager", True),
        podman=version,
        podman_version=".".join(map(str, version)) + ".0" if version else "",
        files={path: Found(text.encode(), 0o644) for path, text in files.items()},
        units={name: unit_state(name, words) for name, words in units.items()},
        **facts,
    )


def unit_state(name: str, words: str) -> UnitState:
    """From "active enabled reload oneshot": the state, and what else is worth a word."""
    active, *more = words.split()
    return UnitState(
        name,
        load="loaded",
        active=active,
        file_state="enabled" if "enabled" in more else "generated",
        needs_reload="reload" in more,
        type="oneshot" if "oneshot" in more else "notify",
        result="success",
        ended="ended" in more,
    )


def answer(found: State, manifest: Manifest | None = None) -> str:
    """What the script of survey.py prints on a node in this state."""
    lines = [f"owner {found.uid} {found.home}", *(["linger"] if found.linger else [])]
    lines.append(f"podman podman version {found.podman_version}")
    if manifest is not None:
        lines.append(f"manifest web {encoded(manifest.text())}")
    lines += [f"file {each.mode:o} {encoded(each.content)} {path}" for path, each in found.files.items()]
    lines += [f"units {0 if found.manager else 1}"]
    blocks = [
        f"Id={each.name}\nLoadState={each.load}\nActiveState={each.active}\nSubState={each.sub}\n"
        f"UnitFileState={each.file_state}\nNeedDaemonReload={'yes' if each.needs_reload else 'no'}\n"
        f"Type={each.type}\nResult={each.result}\nInactiveEnterTimestampMonotonic={1 if each.ended else 0}\n"
        for each in found.units.values()
    ]
    return "\n".join(lines) + "\n" + "\n".join(blocks) + "\n"


def encoded(content: bytes) -> str:
    return "=" + base64.b64encode(content).decode()


@dataclass
class FakeNode:
    """A Node. ``answers`` is what the script that reads the state prints, one after the other.

    ``trial`` is what the scratch folder says; None expects no trial.
    """

    answers: list[str]
    trial: str | None = None
    failing: str = "nothing fails"
    rc: int = 0
    name: str = "edge-1"
    gathers: int = 0
    ran: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    @property
    def round_trips(self) -> int:
        return self.gathers + len(self.ran)

    def gather(self, sources: t.Mapping[str, Source]) -> dict[str, Completed | File | None]:
        self.gathers += 1
        found: dict[str, Completed | File | None] = {}
        for name, source in sources.items():
            if source[0] == "journalctl":
                found[name] = Completed(tuple(source), 0, f"the log of {name}\n", "")
            else:
                assert list(sources) == ["state"]
                found[name] = Completed(tuple(source), self.rc, self.answers.pop(0) if not self.rc else "", "")
        return found

    def run(
        self,
        argv: t.Sequence[str],
        stdin: bytes | None = None,
        ok: t.Collection[int] = (0,),
        timeout: float | None = None,
    ) -> Completed:
        assert timeout is None
        command = self._command(argv)
        self.ran.append(command)
        if command == "trial":
            assert self.trial is not None, "nobody expected a trial"
            return Completed(tuple(argv), 0, self.trial, "")
        if command == "write":
            assert stdin is not None
            self.written += [line.split(" ", 2)[2] for line in stdin.decode().splitlines()]
        rc = 1 if self.failing in command else 0
        return completed(argv, rc, b"", b"Job failed.", ok=ok, node=self.name)

    def _command(self, argv: t.Sequence[str]) -> str:
        """Without what makes it the owner's; a script by what it is for."""
        words = list(argv[5:]) if argv[0] == "sh" else list(argv)
        if words[0] == "sh":
            return "trial" if "mktemp -d" in words[2] else "write"
        return " ".join(words)

    def read(self, paths: t.Iterable[str]) -> dict[str, File | None]:
        raise AssertionError(f"nobody expected to read {list(paths)}")

    def write(self, path: str, *_what: t.Any, **_more: t.Any) -> None:
        raise AssertionError(f"nobody expected to write {path}")

    def remove(self, path: str) -> None:
        raise AssertionError(f"nobody expected to remove {path}")
