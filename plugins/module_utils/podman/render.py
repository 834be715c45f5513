# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write a Quadlet file as a plain unit of systemd, for podman older than 4.4, which has no generator.

What runs is the same: one ``podman run`` under systemd, removed when it stops.
"""

from __future__ import annotations

import re
import shlex
import typing as t

from ..errors import FleetError
from .keys import QUADLET, spell
from .model import Unit
from .relations import references
from .run_options import OTHERS, SWITCHES, VALUES, WORDS

if t.TYPE_CHECKING:
    from .wanted import Wanted

_PODMAN = "/usr/bin/podman"
_PLAIN_WORD = re.compile(r"[A-Za-z0-9@%_+=:,./-]+")


def render(unit: Unit, wanted: Wanted) -> str:
    """The plain unit that stands in for a Quadlet file.

    :raises FleetError: the file has something that cannot be written so.
    """
    if unit.group not in VALUES:
        raise FleetError(
            f"units: {unit.name} needs podman {spell(QUADLET)} or newer; for an older one only .container, .volume and "
            ".network can be written as plain units"
        )
    known = {*VALUES[unit.group], *WORDS[unit.group], *SWITCHES[unit.group], *OTHERS[unit.group]}
    for entry in unit.file.entries:
        if entry.section == unit.group and entry.key not in known:
            raise FleetError(
                f"units: {unit.name}: {entry.key}= has no counterpart in podman older than {spell(QUADLET)}; "
                "leave it out, or update podman on the node"
            )
    service = _container(unit, wanted) if unit.type == "container" else _once(unit)
    needs = {each.name: each.service for each in wanted.units}
    bound = [needs[name] for name in references(unit) if name in needs]
    lines = [
        f"# Written by evergreen.fleet.quadlet from {unit.name}, for podman without Quadlet.",
        "[Unit]",
        *_copied(unit, "Unit"),
        "RequiresMountsFor=%t/containers",
        *(f"{key}=network-online.target" for key in ("Wants", "After") if wanted.root),
        *(f"{key}={name}" for name in bound for key in ("Requires", "After")),
        "",
        "[Service]",
        *service,
        # The user's own come last: they count.
        *_copied(unit, "Service"),
    ]
    if unit.installed:
        lines += ["", "[Install]", *_copied(unit, "Install")]
    return "\n".join(lines) + "\n"


def _container(unit: Unit, wanted: Wanted) -> list[str]:
    image = unit.file.value("Container", "Image")
    rootfs = unit.file.value("Container", "Rootfs")
    if (image is None) == (rootfs is None):
        raise FleetError(f"units: {unit.name} needs either Image= or Rootfs= in [Container]")
    names = {each.name: object_name(each) for each in wanted.units if each.type in ("volume", "network")}
    kind = unit.file.value("Service", "Type") or "notify"
    if kind not in ("notify", "oneshot"):
        raise FleetError(f"units: {unit.name}: Type={kind} is none that podman serves; give notify or oneshot")
    notify = "container" if _on(unit.file.value("Container", "Notify") or "no") else "conmon"
    words = [
        f"--name={object_name(unit)}",
        *("--cidfile=%t/%N.cid", "--replace", "--rm"),
        *(("-d", f"--sdnotify={notify}") if kind == "notify" else ()),
        *([] if unit.file.value("Container", "CgroupsMode") else ["--cgroups=split"]),
        *_options(unit, names),
    ]
    policy = unit.file.value("Container", "AutoUpdate")
    words += [f"--label=io.containers.autoupdate={policy}"] if policy else []
    owner = [unit.file.value("Container", key) for key in ("User", "Group")]
    words += [f"--user={owner[0] or '0'}{':' + owner[1] if owner[1] else ''}"] if any(owner) else []
    start = _command(unit, ["run"], words, [f"--rootfs={rootfs}"] if rootfs else [image or ""])
    command = unit.file.value("Container", "Exec")
    remove = f"{_PODMAN} rm -f -i --cidfile=%t/%N.cid"
    return [
        "Environment=PODMAN_SYSTEMD_UNIT=%n",
        "KillMode=mixed",
        "Delegate=yes",
        *(("Type=notify", "NotifyAccess=all") if kind == "notify" else ()),
        "SyslogIdentifier=%N",
        f"ExecStart={start}{' ' + command if command else ''}",
        f"ExecStop={remove}",
        f"ExecStopPost=-{remove}",
    ]


def _once(unit: Unit) -> list[str]:
    """A volume or network: made when it is not there, and left alone when it is."""
    name = object_name(unit)
    create = _command(unit, [unit.type, "create"], [*_options(unit, {}), *_volume_options(unit)], [name])
    exists = f"{_PODMAN} {unit.type} exists {_word(name)}"
    # One level of quoting is systemd's, the other one the shell's.
    script = f"{exists} || exec {create}".replace("\\", "\\\\").replace("'", "\\'")
    return ["Type=oneshot", "RemainAfterExit=yes", "SyslogIdentifier=%N", f"ExecStart=/bin/sh -c '{script}'"]


def object_name(unit: Unit) -> str:
    """What podman calls the container, volume or network of a unit."""
    given = unit.file.value(unit.group, f"{unit.group}Name")
    return given or (f"systemd-{unit.stem}" if not unit.template else "systemd-%p_%i")


def _options(unit: Unit, names: t.Mapping[str, str]) -> list[str]:
    found = []
    for entry in unit.file.entries:
        if entry.section != unit.group or not entry.value:
            continue
        value = _with_names(entry.value, names)
        if entry.key in VALUES[unit.group]:
            found.append(VALUES[unit.group][entry.key] + value)
        elif entry.key in WORDS[unit.group]:
            found += [WORDS[unit.group][entry.key] + word for word in shlex.split(value)]
        elif entry.key in SWITCHES[unit.group] and _on(value):
            found.append(SWITCHES[unit.group][entry.key])
    return found


def _volume_options(unit: Unit) -> list[str]:
    if unit.type != "volume":
        return []
    options = [*unit.file.values("Volume", "Options")]
    options += [f"uid={each}" for each in unit.file.values("Volume", "User")]
    options += [f"gid={each}" for each in unit.file.values("Volume", "Group")]
    copy = unit.file.value("Volume", "Copy") or "true"
    return [
        *([f"--opt=o={','.join(options)}"] if options else []),
        *([] if _on(copy) else ["--opt=nocopy"]),
    ]


def _on(value: str) -> bool:
    return value.lower() in ("1", "yes", "y", "true", "t", "on")


def _with_names(value: str, names: t.Mapping[str, str]) -> str:
    for file_name, name in names.items():
        # The name of a Quadlet file stands at the start of a value, or after source=.
        whole = rf"(^|=){re.escape(file_name)}(?=$|[:,])"
        value = re.sub(whole, rf"\g<1>{name}", value)
    return value


def _command(unit: Unit, verb: list[str], options: list[str], last: list[str]) -> str:
    # These two are lists of arguments in systemd's own quoting.
    before, after = unit.file.values(unit.group, "GlobalArgs"), unit.file.values(unit.group, "PodmanArgs")
    words = [_PODMAN, *before, *verb, *map(_word, options), *after, *map(_word, last)]
    return " ".join(words)


def _word(text: str) -> str:
    """One argument in systemd's quoting. Specifiers (%) stay specifiers, as in a Quadlet file."""
    if _PLAIN_WORD.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _copied(unit: Unit, section: str) -> list[str]:
    return [f"{entry.key}={entry.value}" for entry in unit.file.entries if entry.section == section]
