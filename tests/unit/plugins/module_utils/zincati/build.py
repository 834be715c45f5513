# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes with Zincati for tests, from a few words.

``drop_ins`` has contents by path; one that is a dictionary has ``link``, or ``content`` and ``mode``. The vendor's
drop-in with the address of the update graph is there unless the path has null.
"""

from __future__ import annotations

import base64
import pathlib
import typing as t

import yaml
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import CommandError
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed, File, Source
from ansible_collections.evergreen.fleet.plugins.module_utils.zincati import drop_ins, metrics
from ansible_collections.evergreen.fleet.plugins.modules.zincati import ARGUMENT_SPEC

Case = dict[str, t.Any]

FIXTURES = pathlib.Path(__file__).parents[5].parent / "shared" / "fixtures"
CASES: list[Case] = yaml.safe_load((pathlib.Path(__file__).parent / "cases.yml").read_text(encoding="utf-8"))

ADMIN = "/etc/zincati/config.d"
GRAPH = "/usr/lib/zincati/config.d/50-graph.toml"
STARTED = 1000
NEWLINE = b"\n"


def params(wanted: dict[str, t.Any]) -> dict[str, t.Any]:
    """Module parameters as Ansible hands them over: all of them, with their defaults."""
    return {**{name: option.get("default") for name, option in ARGUMENT_SPEC.items()}, **wanted}


class FakeNode:
    """A node with drop-ins and a unit. ``answers`` are those of other programs and files; anything else fails."""

    def __init__(self, state: dict[str, t.Any]) -> None:
        self.name = "edge-1"
        given = {GRAPH: '[cincinnati]\nbase_url = "https://graph.example.com"\n', **state.get("drop_ins", {})}
        self.files: dict[str, dict[str, t.Any]] = {
            path: {"content": what} if isinstance(what, str) else dict(what) for path, what in given.items() if what
        }
        self.folders = dict.fromkeys(state.get("folders", drop_ins.FOLDERS), 0)
        self.localtime = state.get("localtime")
        self.zones = {"Europe/Rome": b"TZif", **state.get("zones", {})}
        self.service = {"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled"}
        self.service.update({"ExecMainStartTimestamp": f"@{STARTED}", "StatusText": "x=y", **state.get("service", {})})
        self.answers: dict[str, Completed | File | None] = state.get("answers", {})
        self.fails: str = state.get("fails", "")
        self.now = STARTED + 60
        self.gathers = 0
        self.done: list[str] = []

    def gather(self, wanted: t.Mapping[str, Source]) -> dict[str, Completed | File | None]:
        self.gathers += 1
        return {name: self._look(name, source) for name, source in wanted.items()}

    def _look(self, name: str, source: Source) -> Completed | File | None:
        if name == "drop_ins":
            assert source[:4] == ("sh", "-c", drop_ins.SCRIPT, "sh")
            return Completed(tuple(source), 0, self.listing(source[4]), "")
        if name == "service":
            return Completed(tuple(source), 0, "".join(f"{key}={value}\n" for key, value in self.service.items()), "")
        if name == "metrics":
            assert source == metrics.ARGV
        assert name in self.answers, f"nobody expected {source}"
        return self.answers[name]

    def listing(self, zone: str) -> str:
        lines = [f"folder {changed} {folder}" for folder, changed in self.folders.items()]
        for path, what in self.files.items():
            folder, _slash, name = path.rpartition("/")
            at = f"{folder} {encoded(name.encode())}"
            if "link" in what:
                lines.append(f"link {at} {encoded(what['link'].encode() + NEWLINE)}")
            elif "content" in what:
                mode, owner, changed = what.get("mode", "644"), what.get("owner", "root"), what.get("changed", 0)
                lines.append(f"file {at} {changed} {mode} {owner} {encoded(what['content'].encode())}")
            else:
                lines.append(f"other {at}")
        lines += [] if self.localtime is None else [f"localtime {self.localtime}"]
        lines += [f"zone {encoded(self.zones[zone])}"] if zone in self.zones else []
        return "\n".join([*lines, f"now {self.now}"]) + "\n"

    def run(
        self,
        argv: t.Sequence[str],
        stdin: bytes | None = None,
        ok: t.Collection[int] = (0,),
        timeout: float | None = None,
    ) -> Completed:
        assert (stdin, ok, timeout) == (None, (0,), None)
        command = " ".join(argv)
        self.done.append(command)
        if command == self.fails:
            self.service.update({"ActiveState": "failed", "ExecMainStartTimestamp": f"@{self.now}"})
            raise CommandError(f"{argv[0]} ended with exit code 1", argv=argv, rc=1, node=self.name)
        changes: dict[str, dict[str, str]] = {
            "mkdir -p /etc/zincati/config.d": {},
            "systemctl restart zincati.service": {
                "ActiveState": "active",
                "SubState": "running",
                "ExecMainStartTimestamp": f"@{self.now}",
            },
            "systemctl mask --now zincati.service": {"LoadState": "masked", "ActiveState": "inactive"},
            "systemctl unmask zincati.service": {"LoadState": "loaded"},
            "systemctl enable zincati.service": {"UnitFileState": "enabled"},
        }
        assert command in changes, f"nobody expected {command}"
        self.service.update(changes[command])
        if command.startswith("mkdir"):
            self.folders[ADMIN] = self.now
        return Completed(tuple(argv), 0, "", "")

    def write(
        self, path: str, content: bytes, mode: int = 0o644, owner: str | None = None, group: str | None = None
    ) -> None:
        # One with a password is for the agent only.
        assert (mode, owner, group) == ((0o600, "zincati", None) if b":p%40ss@" in content else (0o644, None, None))
        self.done.append(f"write {path}")
        self.files[path] = {
            "content": content.decode(),
            "changed": self.now,
            "mode": f"{mode:o}",
            "owner": owner or "root",
        }
        self.folders[path.rpartition("/")[0]] = self.now

    def remove(self, path: str) -> None:
        self.done.append(f"remove {path}")
        del self.files[path]
        self.folders[path.rpartition("/")[0]] = self.now

    def read(self, paths: t.Iterable[str]) -> dict[str, File | None]:
        raise AssertionError(f"nobody expected to read {list(paths)}")


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()
