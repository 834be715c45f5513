# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flatcar nodes for tests, from a few words. Without any it runs 3760.2.0 from USR-A, and has nothing in USR-B."""

from __future__ import annotations

import pathlib
import typing as t

import yaml
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import CommandError
from ansible_collections.evergreen.fleet.plugins.module_utils.flatcar import slots, status
from ansible_collections.evergreen.fleet.plugins.module_utils.flatcar.conf import Conf
from ansible_collections.evergreen.fleet.plugins.module_utils.flatcar.model import locksmith_wants
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed, File, Source, completed
from ansible_collections.evergreen.fleet.plugins.modules.flatcar_update import ARGUMENT_SPEC

Case = dict[str, t.Any]

FIXTURES = pathlib.Path(__file__).parents[5].parent / "shared" / "fixtures" / "flatcar"
CASES: list[Case] = yaml.safe_load((pathlib.Path(__file__).parent / "cases.yml").read_text(encoding="utf-8"))

CONF = "/etc/flatcar/update.conf"
VENDOR = "GROUP=stable\n"
CHECKED = 500
NOW = 1000


def params(wanted: dict[str, t.Any]) -> dict[str, t.Any]:
    """Module parameters as Ansible hands them over: all of them, with their defaults."""
    return {**{name: option.get("default") for name, option in ARGUMENT_SPEC.items()}, **wanted}


def block(operation: str = "IDLE", version: str = "0.0.0", checked: int = CHECKED) -> str:
    name = operation if operation.startswith("(") else f"UPDATE_STATUS_{operation}"
    return f"LAST_CHECKED_TIME={checked}\nPROGRESS=0.000000\nCURRENT_OP={name}\nNEW_VERSION={version}\nNEW_SIZE=0\n"


def table(*attributes: tuple[int, int, int]) -> str:
    """What cgpt shows of the slots, each with priority, tries and successful."""
    lines = ["       start        size    part  contents", "           0           1          Hybrid MBR"]
    for at, (priority, tries, successful) in enumerate(attributes):
        lines += [
            f'      270336     2097152       {at + 3}  Label: "USR-{"AB"[at]}"',
            "                                  Type: Alias for flatcar-rootfs",
            f"                                  Attr: priority={priority} tries={tries} successful={successful}",
        ]
    lines += [
        '     4464640      262144       6  Label: "OEM"',
        "                                  Type: Alias for linux-data",
    ]
    return "\n".join(lines) + "\n"


class FakeNode:
    """A node whose programs do as told; anything else fails.

    ``update`` is what ``update_engine_client -update`` makes of it: ``says``, ``rc``, ``journal`` and ``becomes``.
    """

    def __init__(self, state: dict[str, t.Any]) -> None:
        self.name = "edge-1"
        self.conf: str | None = state.get("conf", "")
        self.mode = state.get("mode", 0o644)
        self.vendor = state.get("vendor", VENDOR)
        self.system = state.get("system", "flatcar")
        self.versions = {3: "3760.2.0", **state.get("versions", {})}
        self.booted = state.get("booted", 3)
        self.slots = [tuple(each) for each in state.get("slots", [(2, 0, 1), (1, 0, 0)])]
        self.status: str | None = block(**state["status"]) if "status" in state else block()
        self.engine = {"Id": "update-engine.service", "LoadState": "loaded", "ActiveState": "active"}
        self.engine.update(state.get("engine", {}))
        self.locksmith = {"Id": "locksmithd.service", "LoadState": "loaded", "ActiveState": "active"}
        self.locksmith.update(state.get("locksmith", {}))
        self.update: dict[str, t.Any] = state.get("update", {})
        self.answers: dict[str, Completed | File | None] = state.get("answers", {})
        self.environment = state["environment"] if "environment" in state else self._wants()
        self.gathers = 0
        self.done: list[str] = []

    def _wants(self) -> dict[str, str]:
        return locksmith_wants(Conf.parse((self.conf or "").encode()), Conf.parse(self.vendor.encode()))

    def gather(self, wanted: t.Mapping[str, Source]) -> dict[str, Completed | File | None]:
        self.gathers += 1
        return {name: self._look(name, source) for name, source in wanted.items()}

    def _look(self, name: str, source: Source) -> Completed | File | None:
        files = {
            "/etc/os-release": f'ID={self.system}\nVERSION="{self.versions.get(self.booted)}"\n',
            CONF: self.conf,
            "/usr/share/flatcar/update.conf": self.vendor,
        }
        if isinstance(source, str):
            if source not in files:
                found = self.answers[source]
                assert found is None or isinstance(found, File)
                return found
            content = files[source]
            return None if content is None else File(content.encode(), self.mode, "root", "root")
        outputs = {
            "slots": self._show(source[-1]),
            "units": "\n\n".join(self._unit(unit) for unit in (self.engine, self.locksmith)),
            "environment": "".join(f"{key}={value}\n" for key, value in self.environment.items()),
            "clock": f"{NOW}\n",
            "journal": self.update.get("journal", ""),
        }
        if name == "status":
            assert source == status.ARGV
            if self.engine["ActiveState"] != "active":
                return Completed(source, 3, "", "")
            return Completed(source, 0, self.status or "", "")
        assert name in outputs, f"nobody expected {source}"
        assert name != "journal" or f"--since=@{NOW}" in source
        return Completed(tuple(source), 0, outputs[name], "")

    def _show(self, versions: str) -> str:
        lines = [f"booted {self.booted}", "device 3 /dev/vda3", "device 4 /dev/vda4"]
        if versions:
            lines += [f"version {at} {each}" for at, each in self.versions.items() if at != self.booted]
        return "\n".join(lines) + "\n" + table(*self.slots)

    @staticmethod
    def _unit(values: dict[str, str]) -> str:
        return "".join(f"{key}={value}\n" for key, value in values.items()).strip()

    def run(
        self,
        argv: t.Sequence[str],
        stdin: bytes | None = None,
        ok: t.Collection[int] = (0,),
        timeout: float | None = None,
    ) -> Completed:
        assert stdin is None
        command = " ".join(argv)
        self.done.append(command)
        rc, says = 0, ""
        if command in ("update_engine_client -update", "flatcar-update --to-version 3815.2.1 --disable-afterwards"):
            assert timeout == 3600
            rc, says = self.update.get("rc", 0), self.update.get("says", "")
            if "becomes" in self.update:
                self.status = block(**self.update["becomes"])
            if argv[0] == "flatcar-update":
                # As it is: it takes out more than it should, and puts its line at the end.
                kept = [line for line in (self.conf or "").splitlines() if "SERVER=" not in line]
                self.conf = "\n".join([*kept, "SERVER=disabled"]) + "\n"
        elif command == "update_engine_client -reset_status":
            self.status = block()
        elif command == "systemctl restart locksmithd.service":
            self.environment = self._wants()
            off = self.environment.get("REBOOT_STRATEGY") == "off"
            self.locksmith["ActiveState"] = "inactive" if off else "active"
        elif command.startswith("cgpt prioritize /dev/vda"):
            first = int(command[-1]) - 3
            self.slots = [(2 if at == first else 1, *rest) for at, (_priority, *rest) in enumerate(self.slots)]
        else:
            assert command == "mkdir -p /etc/flatcar", f"nobody expected {command}"
        return completed(argv, rc, says.encode(), b"", ok=ok, node=self.name)

    def write(
        self, path: str, content: bytes, mode: int = 0o644, owner: str | None = None, group: str | None = None
    ) -> None:
        assert path == CONF
        assert mode == self.mode
        assert (owner, group) == ((None, None) if self.conf is None else ("root", "root"))
        self.done.append(f"write {path}")
        self.conf = content.decode()

    def read(self, paths: t.Iterable[str]) -> dict[str, File | None]:
        raise AssertionError(f"nobody expected to read {list(paths)}")

    def remove(self, path: str) -> None:
        raise AssertionError(f"nobody expected to remove {path}")


__all__ = ["CASES", "CONF", "FIXTURES", "Case", "CommandError", "FakeNode", "block", "params", "slots", "table"]
