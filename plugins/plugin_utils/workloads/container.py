# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The unit of a container, and when it counts as started."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError

from .ports import Published
from .text import Options, UnitText, literal, one_line, word
from .wanted import (
    READY,
    RESTARTS,
    auto_update_of,
    choice,
    command_of,
    environment_of,
    listed,
    number,
    volumes_of,
)

START_TIMEOUT = 90

# Seconds until a container that ended is started again. Longer than what a start that fails takes in a loop of its
# own would be, so that nothing gives up for ever.
_RESTART_AFTER = 2

# It goes on while the container runs; systemd ends it when the start takes too long. Every other exit code of podman
# than 1, which is "not yet", means that there is nothing to wait for.
_HEALTHY = (
    "while :; do podman healthcheck run {name} >/dev/null 2>&1; "
    "case $? in 0) exit 0;; 1) sleep 1;; *) exit 1;; esac; done"
)

# A connection to the published port says nothing: podman's forwarder takes it before the program listens. The kernel's
# list of listening sockets (state 0A) of the container's network is the truth.
_LISTENING = (
    'pid=$(podman inspect --format "{{.State.Pid}}" NAME) || exit; '
    'up() { for port in PORTS; do grep -qs ":$port [0-9A-F]*:0000 0A" /proc/$pid/net/tcp /proc/$pid/net/tcp6 '
    "|| return 1; done; }; until up; do test -e /proc/$pid || exit 1; sleep 0.2; done"
)


@dataclass
class Place:
    """Where a container is: what its surroundings give it."""

    name: str
    files: str
    """The folder of its files, on the node."""
    ports: tuple[Published, ...] = ()
    pod: str | None = None
    boot_target: str | None = None
    """None for what others start."""
    on_demand: bool = False


def container(where: str, given: Options, place: Place, *, networks: t.Sequence[str] = ()) -> tuple[str, list[Options]]:
    """The text of the unit, and the files that it mounts as the module quadlet takes them.

    :raises FleetError: something that cannot be.
    """
    text = UnitText(where)
    files = [_file(where, each, place.files) for each in listed(where, given, "files")]
    restart = choice(where, given, "restart", RESTARTS, "on-failure")
    timeout = number(where, given, "start_timeout", START_TIMEOUT)
    health = given.get("health")
    text.add("Unit", Description=place.name, StopWhenUnneeded=place.on_demand or None)
    text.add("Unit", StartLimitIntervalSec=None if restart == "no" else 0)
    text.add(
        "Container",
        ContainerName=place.name,
        Image=given.get("image") or _missing(where, "image"),
        Pod=place.pod,
        Exec=" ".join(map(word, command_of(where, given))) or None,
        PublishPort=list(dict.fromkeys(each.text for each in place.ports)),
        Network=list(networks),
        Volume=[*volumes_of(where, given), *(f"{each['path']}:{each['target']}:ro,Z" for each in files)],
        Environment=[_variable(where, name, value) for name, value in environment_of(where, given).items()],
        Secret=listed(where, given, "secrets"),
        AutoUpdate=auto_update_of(given),
    )
    if health is not None:
        # What fails while it starts is no reason to kill it: the start has a time limit of its own.
        text.add("Container", HealthCmd=literal(str(health)), HealthOnFailure="kill", HealthStartPeriod=f"{timeout}s")
    usual = "healthy" if health is not None else "listening" if place.on_demand else "started"
    ready = choice(where, given, "ready", READY, usual)
    _add_readiness(where, text, ready, place, health is not None)
    text.add(
        "Service", Restart=restart, RestartSec=None if restart == "no" else _RESTART_AFTER, TimeoutStartSec=timeout
    )
    _add_exit_codes(text, restart, on_demand=place.on_demand)
    if place.boot_target:
        text.add("Install", WantedBy=place.boot_target)
    text.extend(given.get("extra", {}))
    return str(text), [{key: value for key, value in each.items() if key != "target"} for each in files]


def _add_readiness(where: str, text: UnitText, ready: str, place: Place, health: bool) -> None:
    if ready == "healthy":
        if not health:
            raise FleetError(f"{where}: ready: healthy needs health, the command that tells")
        _wait(text, _HEALTHY.replace("{name}", place.name))
    elif ready == "notified":
        text.add("Container", Notify=True)
    elif ready == "listening":
        inside = sorted({f"{each.container:04X}" for each in place.ports if each.protocol == "tcp"})
        if not inside:
            raise FleetError(
                f"{where}: ready: listening needs ports, one of them TCP, or say when it is ready otherwise"
            )
        _wait(text, _LISTENING.replace("NAME", place.name).replace("PORTS", " ".join(inside)))


def _add_exit_codes(text: UnitText, restart: str, *, on_demand: bool) -> None:
    """What podman ends with when its container was killed by SIGTERM (143) or SIGKILL (137).

    systemd takes SIGTERM for a clean end. Many programs do not heed it as the first process of a container, so podman
    kills them when they are idle; that is no failure either, and still a reason to start again what nobody stopped.
    """
    text.add("Service", SuccessExitStatus="137 143" if on_demand else "143")
    if on_demand and restart in ("on-failure", "always"):
        text.add("Service", RestartForceExitStatus=137)


def _wait(text: UnitText, script: str) -> None:
    text.add("Service", ExecStartPost=f"/bin/sh -c '{literal(script)}'")


def _file(where: str, given: t.Any, folder: str) -> dict[str, t.Any]:
    target = given.get("target", "") if isinstance(given, dict) else ""
    if not str(target).startswith("/") or not isinstance(given.get("content"), str):
        raise FleetError(f"{where}: files: each has a target, a path in full in the container, and content")
    if set(given) - {"target", "content", "mode"}:
        raise FleetError(f"{where}: files: each has target, content and mode, and nothing else")
    return {
        "target": target,
        "path": folder + target,
        "content": given["content"],
        "mode": str(given.get("mode") or "0644"),
    }


def _variable(where: str, name: str, value: t.Any) -> str:
    return word(f"{name}={one_line(f'{where}: environment: {name}', value)}")


def _missing(where: str, key: str) -> t.NoReturn:
    raise FleetError(f"{where} needs {key}")
