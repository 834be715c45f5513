# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a workload says, checked as far as the module quadlet does not do it."""

from __future__ import annotations

import re
import shlex
import typing as t

import yaml
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError

from .ports import Published, parse_ports
from .text import Options

KINDS = ("image", "containers", "kube")
"""The key that tells what a workload is: a container, a pod, or what a Kubernetes document describes."""

RESTARTS = ("no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always")
READY = ("started", "notified", "listening", "healthy")

_EVERY = frozenset(("name", "restart", "start_timeout", "auto_update", "extra"))
# A container of a pod has these; the others are the pod's.
_INSIDE = _EVERY | {"image", "command", "environment", "secrets", "volumes", "files", "health", "ready"}
_OUTSIDE = _EVERY | {"user", "ports", "networks", "state"}
_KEYS = {
    "image": _INSIDE | _OUTSIDE | {"on_demand", "idle_timeout", "backend_offset"},
    "containers": _OUTSIDE | {"containers", "volumes"},
    "kube": _OUTSIDE | {"kube"},
}

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_VOLUME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")

# Ways of podman to have a network that is none of ours.
_MODES = ("host", "none", "bridge", "private", "pasta", "slirp4netns")


def kind_of(where: str, workload: Options) -> str:
    """:raises FleetError: it is of no kind, or has what its kind cannot have."""
    found = [kind for kind in KINDS if kind in workload]
    if len(found) != 1:
        raise FleetError(f"{where} needs one of image, containers and kube")
    refuse_unknown(f"{where}, which has {found[0]},", workload, _KEYS[found[0]])
    return found[0]


def refuse_unknown(where: str, given: Options, known: t.Collection[str] = _INSIDE) -> None:
    """:raises FleetError: a key that is not known."""
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise FleetError(f"{where} does not take {', '.join(unknown)}; it takes {', '.join(sorted(known))}")


def present(given: Options) -> dict[str, t.Any]:
    """Without what was left empty on purpose, as templates do."""
    return {key: value for key, value in given.items() if value is not None}


def name_of(where: str, given: Options) -> str:
    """:raises FleetError: it has no name, or one that podman does not take."""
    name = str(given.get("name", ""))
    if not _NAME.fullmatch(name):
        raise FleetError(f"{where} needs a name of letters, digits, dots, dashes and underscores")
    return name


def choice(where: str, given: Options, key: str, among: t.Sequence[str], default: str) -> str:
    """:raises FleetError: none of these."""
    value = given.get(key, default)
    # YAML reads a bare no as false.
    value = "no" if value is False and "no" in among else value
    if value not in among:
        raise FleetError(f"{where}: {key} is one of {', '.join(among)}, not {value!r}")
    return str(value)


def number(where: str, given: Options, key: str, default: int) -> int:
    """:raises FleetError: no whole number."""
    value = given.get(key, default)
    if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,6}", str(value)):
        raise FleetError(f"{where}: {key} must be a number, not {value!r}")
    return int(value)


def listed(where: str, given: Options, key: str) -> list[t.Any]:
    """:raises FleetError: it is not a list."""
    value = given.get(key, [])
    if not isinstance(value, list | tuple):
        raise FleetError(f"{where}: {key} must be a list")
    return list(value)


def ports_of(where: str, workload: Options) -> tuple[Published, ...]:
    """:raises FleetError: something that is no port."""
    return parse_ports(where, listed(where, workload, "ports"))


def command_of(where: str, given: Options) -> list[str]:
    """:raises FleetError: quotes that do not end."""
    command = given.get("command", [])
    try:
        return shlex.split(command) if isinstance(command, str) else [str(each) for each in command]
    except (ValueError, TypeError) as exc:
        raise FleetError(f"{where}: command is a list of words, or one line with quotes that end") from exc


def environment_of(where: str, given: Options) -> dict[str, t.Any]:
    """:raises FleetError: names that are none."""
    variables = given.get("environment", {})
    if not isinstance(variables, dict):
        raise FleetError(f"{where}: environment must be names with their values")
    for name in variables:
        if not _VARIABLE.fullmatch(str(name)):
            raise FleetError(f"{where}: environment: {name!r} is no name of a variable")
    return variables


def volumes_of(where: str, given: Options) -> list[str]:
    """As Quadlet takes them: a name without a slash is that of a volume unit.

    :raises FleetError: neither a path nor a name.
    """
    found = []
    for volume in map(str, listed(where, given, "volumes")):
        source, colon, rest = volume.partition(":")
        if not colon or source.startswith(("/", "./", "../", "%")):
            found.append(volume)
        elif _VOLUME.fullmatch(source):
            found.append(f"{source}.volume:{rest}")
        else:
            raise FleetError(f"{where}: volumes: {source!r} is neither a path in full nor the name of a volume")
    return found


def networks_of(where: str, given: Options) -> list[str]:
    """As Quadlet takes them: a name that is no mode of podman is that of a network unit.

    :raises FleetError: no name.
    """
    found = []
    for network in map(str, listed(where, given, "networks")):
        name, colon, rest = network.partition(":")
        if name in _MODES or name in ("container", "ns"):
            found.append(network)
        elif _VOLUME.fullmatch(name):
            found.append(f"{name}.network{colon}{rest}")
        else:
            raise FleetError(f"{where}: networks: {name!r} is no name of a network")
    return found


def auto_update_of(given: Options) -> str | None:
    """The policy of podman, which the module quadlet checks."""
    policy = given.get("auto_update", False)
    if isinstance(policy, bool):
        return "registry" if policy else None
    return str(policy)


def refuse_no_document(where: str, text: t.Any) -> None:
    """:raises FleetError: it is no YAML of Kubernetes."""
    try:
        documents = [each for each in yaml.safe_load_all(text) if each is not None]
    except (yaml.YAMLError, AttributeError, TypeError) as exc:
        raise FleetError(f"{where}: kube is not YAML: {' '.join(str(exc).split())}") from exc
    if not documents or not all(isinstance(each, dict) and each.get("kind") for each in documents):
        raise FleetError(f"{where}: kube must be the text of documents of Kubernetes, each with its kind")
