# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stand-ins for the hypervisor: a recorded one, one with set answers, and a world without waiting."""

from __future__ import annotations

import hashlib
import json
import pathlib
import typing as t
from dataclasses import replace

from ansible_collections.evergreen.fleet.plugins.module_utils import node as nodes
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed, File, LocalNode
from ansible_collections.evergreen.fleet.plugins.modules.virt_guest import ARGUMENT_SPEC

Event = dict[str, t.Any]
RECORDED = pathlib.Path(__file__).parent / "recorded.json"

IMAGE = "/var/lib/libvirt/images/vg-unit.qcow2"
IGNITION = "/var/lib/libvirt/images/vg-unit-config.ign"


def params(**wanted: t.Any) -> dict[str, t.Any]:
    """Options of virt_guest as Ansible hands them over: all of them, with their defaults."""
    filled = {name: option.get("default") for name, option in ARGUMENT_SPEC.items()}
    filled.update(wanted)
    for option, keys in (("networks", ("network", "bridge", "mac")), ("disks", ("size", "path"))):
        filled[option] = [{key: item.get(key) for key in keys} for item in filled[option]]
    return filled


def save(scenes: dict[str, list[Event]]) -> None:
    """Keep recordings. Long texts, such as the definition of a guest, come again and again and are kept once."""
    texts: dict[str, str] = {}

    def short(event: Event) -> Event:
        for key in ("stdout", "stdin"):
            if len(event.get(key, "")) > 200:
                digest = hashlib.sha256(event[key].encode()).hexdigest()[:12]
                texts[digest] = event[key]
                event = {**event, key: f"@{digest}"}
        return event

    kept = {"scenes": {name: [short(event) for event in events] for name, events in scenes.items()}, "texts": texts}
    RECORDED.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def recorded(scene: str) -> list[Event]:
    """What was asked and answered in a scene."""
    kept = json.loads(RECORDED.read_text(encoding="utf-8"))

    def long(event: Event) -> Event:
        named = {key: event[key] for key in ("stdout", "stdin") if str(event.get(key, "")).startswith("@")}
        return {**event, **{key: kept["texts"][value[1:]] for key, value in named.items()}}

    return [long(event) for event in kept["scenes"][scene]]


class Recording(LocalNode):
    """This machine, and a record of everything that is asked of it. Its other guests are left out."""

    def __init__(self) -> None:
        super().__init__("hypervisor")
        self.events: list[Event] = []

    def run(
        self,
        argv: t.Sequence[str],
        stdin: bytes | None = None,
        ok: t.Collection[int] = (0,),
        timeout: float | None = None,
    ) -> Completed:
        done = super().run(argv, stdin=stdin, ok=range(256), timeout=timeout)
        if "domstats" in argv:
            blocks = [block for block in done.stdout.split("\n\n") if block.startswith("Domain: 'vg-unit'")]
            done = replace(done, stdout="\n\n".join([*blocks, ""]))
        event: Event = {"run": list(argv), "rc": done.rc, "stdout": done.stdout, "stderr": done.stderr}
        if stdin is not None:
            event["stdin"] = stdin.decode()
        self.events.append(event)
        return nodes.completed(argv, done.rc, done.stdout.encode(), done.stderr.encode(), ok=ok, node=self.name)

    def read(self, paths: t.Iterable[str]) -> dict[str, File | None]:
        found = super().read(paths)
        self.events.append({"read": {path: file and file.content.decode() for path, file in found.items()}})
        return found

    def write(
        self, path: str, content: bytes, mode: int = 0o644, owner: str | None = None, group: str | None = None
    ) -> None:
        self.events.append({"write": path, "mode": mode})
        super().write(path, content, mode, owner, group)

    def remove(self, path: str) -> None:
        self.events.append({"remove": path})
        super().remove(path)


class Replay:
    """A hypervisor that answers as recorded, and only to the recorded questions in their order."""

    name = "hypervisor"

    def __init__(self, events: list[Event]) -> None:
        self.left = list(events)

    def _next(self, **asked: t.Any) -> Event:
        assert self.left, f"nothing was recorded after this: {asked}"
        event = self.left.pop(0)
        assert {key: event.get(key) for key in asked} == asked
        return event

    def run(
        self,
        argv: t.Sequence[str],
        stdin: bytes | None = None,
        ok: t.Collection[int] = (0,),
        **_unused: t.Any,
    ) -> Completed:
        event = self._next(run=list(argv), stdin=None if stdin is None else stdin.decode())
        stdout, stderr = event["stdout"].encode(), event["stderr"].encode()
        return nodes.completed(argv, event["rc"], stdout, stderr, ok=ok, node=self.name)

    def gather(self, wanted: t.Mapping[str, nodes.Source]) -> dict[str, Completed | File | None]:
        raise AssertionError(f"nothing was recorded for {wanted}")

    def read(self, paths: t.Iterable[str]) -> dict[str, File | None]:
        event = next(iter(self.left), {})
        self._next(read={path: event.get("read", {}).get(path) for path in paths})
        return {
            path: None if content is None else File(content.encode(), 0o600, "root", "root")
            for path, content in event["read"].items()
        }

    def write(self, path: str, _content: bytes, mode: int = 0o644, *_owner: str | None) -> None:
        self._next(write=path, mode=mode)

    def remove(self, path: str) -> None:
        self._next(remove=path)


Answer = t.Union[str, int, tuple[int, str], Exception]


class Answers:
    """A hypervisor with set answers.

    ``programs`` maps words that a command line holds to its output, its exit code, or both, with an error message as
    the output; the first match counts. ``files`` maps paths to contents. Any other question fails the test.
    """

    name = "hypervisor"

    def __init__(self, programs: dict[str, Answer], files: dict[str, bytes | None] | None = None) -> None:
        self.programs = programs
        self.files = files or {}
        self.asked: list[str] = []
        self.written: dict[str, bytes] = {}

    def run(self, argv: t.Sequence[str], ok: t.Collection[int] = (0,), **_unused: t.Any) -> Completed:
        line = " ".join(argv)
        self.asked.append(line)
        for words, answer in self.programs.items():
            if words in line:
                if isinstance(answer, Exception):
                    raise nodes.not_started(argv, str(answer), node=self.name) from answer
                rc, text = (
                    (0, answer) if isinstance(answer, str) else (answer, "") if isinstance(answer, int) else answer
                )
                stdout, stderr = (text, "") if rc == 0 else ("", text)
                return nodes.completed(argv, rc, stdout.encode(), stderr.encode(), ok=ok, node=self.name)
        raise AssertionError(f"nobody expected this: {line}")

    def gather(self, wanted: t.Mapping[str, nodes.Source]) -> dict[str, Completed | File | None]:
        raise AssertionError(f"nobody expected this: {wanted}")

    def read(self, paths: t.Iterable[str]) -> dict[str, File | None]:
        contents = {path: self.written.get(path, self.files.get(path)) for path in paths}
        return {
            path: None if content is None else File(content, 0o600, "root", "root")
            for path, content in contents.items()
        }

    def write(self, path: str, content: bytes, *_mode: t.Any, **_unused: t.Any) -> None:
        self.written[path] = content

    def remove(self, path: str) -> None:
        self.asked.append(f"remove {path}")


class World:
    """Time that passes only when somebody sleeps, and machines that greet from some moment on.

    ``greetings`` maps an address to what it says and the second from which on it does.
    """

    def __init__(self, greetings: dict[str, tuple[bytes, float]] | None = None) -> None:
        self.greetings = greetings or {}
        self.time = 0.0
        self.knocks: list[tuple[str, int]] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def knock(self, address: str, port: int) -> bytes | None:
        self.knocks.append((address, port))
        greeting, since = self.greetings.get(address, (b"", float("inf")))
        return greeting if self.time >= since else None
