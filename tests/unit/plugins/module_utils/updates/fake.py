# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node with systemd units, files, and drop-ins of Zincati. Whatever else it is asked for fails."""

from __future__ import annotations

import base64
import typing as t
from dataclasses import dataclass, field

from ansible_collections.evergreen.fleet.plugins.module_utils.flatcar import slots, status
from ansible_collections.evergreen.fleet.plugins.module_utils.flatcar.model import CONF as UPDATE_CONF
from ansible_collections.evergreen.fleet.plugins.module_utils.flatcar.model import ENGINE, LOCKSMITH
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed, File, Source, completed
from ansible_collections.evergreen.fleet.plugins.module_utils.zincati import drop_ins

GRAPH = "/usr/lib/zincati/config.d/50-graph.toml"
ZINCATI = "zincati.service"
CHECK = "rpm-ostreed-automatic.timer"
APPLY = "applyupdate.timer"
CONF = "/etc/rpm-ostreed.conf"
LOCK = "/run/ostree/staged-deployment-locked"
OURS = "/etc/zincati/config.d/60-evergreen.toml"

WORDS = {"reenable": "enabled", "enable": "enabled", "disable": "disabled", "mask": "masked", "unmask": "disabled"}


def coreos() -> FakeNode:
    """Fedora CoreOS as it comes."""
    units = {
        ZINCATI: ("enabled", "active"),
        CHECK: ("disabled", "inactive"),
        "rpm-ostreed-automatic.service": ("static", "inactive"),
        "rpm-ostreed.service": ("static", "active"),
    }
    conf = "# The compile time defaults.\n[Daemon]\n#AutomaticUpdatePolicy=none\nIdleExitTimeout=60\n"
    graph = '[cincinnati]\nbase_url = "https://updates.example.com"\n'
    return FakeNode(units, {GRAPH: graph, CONF: conf})


def iot() -> FakeNode:
    """Fedora IoT, which has no Zincati."""
    node = coreos()
    del node.units[ZINCATI], node.files[GRAPH]
    return node


@dataclass
class FakeNode:
    """``units`` has what systemctl says, whether enabled, and the state. ``lock`` is how curl ends."""

    units: dict[str, tuple[str, str]]
    files: dict[str, str]
    zones: tuple[str, ...] = ("Europe/Rome",)
    lock: tuple[int, str, str] | None = None
    name: str = "edge-1"
    gathers: int = 0
    done: list[str] = field(default_factory=list)

    def gather(self, wanted: t.Mapping[str, Source]) -> dict[str, Completed | File | None]:
        self.gathers += 1
        return {name: self._look(source) for name, source in wanted.items()}

    def _look(self, source: Source) -> Completed | File | None:
        if isinstance(source, str):
            found = self.files.get(source)
            return None if found is None else File(found.encode(), 0o644, "root", "root")
        argv = tuple(source)
        rc, said = self._say(argv)
        return None if rc is None else Completed(argv, rc, said, "" if rc == 0 else "(7) no connection\n")

    def _say(self, argv: tuple[str, ...]) -> tuple[int | None, str]:
        if argv[:2] == ("test", "-f"):
            return (0 if argv[2].removeprefix("/usr/share/zoneinfo/") in self.zones else 1), ""
        if argv[:2] == ("test", "-d"):
            return 0, ""
        if argv[:3] == ("sh", "-c", drop_ins.SCRIPT):
            return 0, self._listing(argv[4])
        if argv[0] == "curl":
            assert self.lock is not None, argv
            return self.lock[0], f"{self.lock[1]}\n{self.lock[2]}"
        if argv == ("systemctl", "--version"):
            return 0, "systemd 257 (257.9-1)\n"
        if argv == ("systemd-analyze", "--version"):
            return None, ""
        if argv[:3] == ("systemctl", "is-enabled", "--"):
            return 0, self.units.get(argv[3], ("not-found", ""))[0]
        assert argv[:2] == ("systemctl", "show"), argv
        name = next(word for word in argv[2:] if word.endswith((".service", ".timer")))
        enabled, active = self.units.get(name, ("not-found", "inactive"))
        load = enabled if enabled in ("masked", "not-found") else "loaded"
        return 0, (
            f"LoadState={load}\nActiveState={active}\nUnitFileState={enabled}\nNeedDaemonReload=no\n"
            if "NeedDaemonReload" in " ".join(argv) or "UnitFileState" in " ".join(argv)
            else f"LoadState={load}\n"
        )

    def _listing(self, zone: str) -> str:
        lines = []
        for path, content in self.files.items():
            folder, _slash, name = path.rpartition("/")
            if folder in drop_ins.FOLDERS:
                lines.append(f"file {folder} {_encoded(name)} 1 644 root {_encoded(content)}")
        if zone in self.zones:
            lines.append(f"zone {_encoded('TZif')}")
        return "\n".join([*lines, "now 1000"]) + "\n"

    def run(
        self,
        argv: t.Sequence[str],
        stdin: bytes | None = None,
        ok: t.Collection[int] = (0,),
        timeout: float | None = None,
    ) -> Completed:
        assert (stdin, timeout) == (None, None)
        self.done.append(" ".join(argv))
        if argv[0] == "systemctl" and argv[1] != "daemon-reload":
            self._systemctl(argv)
        else:
            assert argv[0] in ("systemctl", "mkdir", "install"), argv
        return completed(argv, 0, b"", b"", ok=ok, node=self.name)

    def _systemctl(self, argv: t.Sequence[str]) -> None:
        verb, name = argv[1], argv[-1]
        enabled, active = self.units.get(name, ("disabled", "inactive"))
        enabled = WORDS.get(verb, enabled)
        if verb in ("start", "restart"):
            active = "active"
        elif verb == "stop" or "--now" in argv:
            active = "inactive"
        self.units[name] = enabled, active

    def read(self, paths: t.Iterable[str]) -> dict[str, File | None]:
        raise AssertionError(f"nobody expected to read {list(paths)}")

    def write(
        self, path: str, content: bytes, mode: int = 0o644, owner: str | None = None, group: str | None = None
    ) -> None:
        assert (mode, owner or "root", group or "root") == (0o644, "root", "root")
        self.done.append(f"write {path}")
        self.files[path] = content.decode()

    def remove(self, path: str) -> None:
        self.done.append(f"remove {path}")
        self.files.pop(path, None)
        self.units.pop(path.rpartition("/")[2], None)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class Flatcar(FakeNode):
    """A Flatcar node whose update-engine and locksmithd do as update.conf says."""

    def __init__(self, *, masked: bool = False) -> None:
        units = (ENGINE, LOCKSMITH)
        word = "masked" if masked else "enabled"
        super().__init__(
            dict.fromkeys(units, (word, "inactive" if masked else "active")),
            {"/etc/os-release": "ID=flatcar\nVERSION=3760.2.0\n", UPDATE_CONF: "GROUP=stable\n"},
        )
        # What locksmithd was started with.
        self.environment = ""

    def _say(self, argv: tuple[str, ...]) -> tuple[int | None, str]:
        if argv == tuple(status.ARGV):
            return 0, "LAST_CHECKED_TIME=1\nPROGRESS=0\nCURRENT_OP=UPDATE_STATUS_IDLE\nNEW_VERSION=0.0.0\nNEW_SIZE=0\n"
        if argv == tuple(slots.argv(versions=False)):
            return 0, ""
        if argv == ("date", "+%s"):
            return 0, "1000\n"
        if argv[:2] == ("sh", "-c"):
            return 0, self.environment if self.units[LOCKSMITH][1] == "active" else ""
        if argv[-2:] == (ENGINE, LOCKSMITH):
            return 0, "\n\n".join(self._unit(name) for name in argv[-2:])
        return super()._say(argv)

    def _unit(self, name: str) -> str:
        enabled, active = self.units[name]
        load = "masked" if enabled == "masked" else "loaded"
        return f"Id={name}\nLoadState={load}\nActiveState={active}\nUnitFileState={enabled}"

    def _systemctl(self, argv: t.Sequence[str]) -> None:
        super()._systemctl(argv)
        if argv[-1] == LOCKSMITH and argv[1] in ("start", "restart"):
            lines = self.files[UPDATE_CONF].splitlines()
            self.environment = "".join(f"{line}\n" for line in lines if "REBOOT" in line).replace('"', "")
