# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts for tests, from a few words.

A deployment is written with the keys of ``rpm-ostree status --json``; those that every deployment has are filled in.
``image`` and ``digest`` stand for the two long keys of containers, a checksum such as ``b1`` for a whole one, and
``kernel_arguments`` and ``created`` for what comes from files.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import typing as t
from dataclasses import replace

import yaml
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree import parse
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.model import BootSpace, DaemonConfig, Host
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.plan import Answers
from ansible_collections.evergreen.fleet.plugins.modules.ostree_host import ARGUMENT_SPEC

Case = dict[str, t.Any]

CASES: list[Case] = [
    case
    for path in sorted(pathlib.Path(__file__).parent.glob("cases/*.yml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
]

STABLE = "fedora:fedora/x86_64/coreos/stable"


def commit(name: str) -> str:
    """A whole checksum or digest for a short name such as b1 or sha256:d1."""
    kind, colon, short = name.rpartition(":")
    if len(short) > 3:
        return name
    return kind + colon + hashlib.sha256(short.encode()).hexdigest()


def params(wanted: dict[str, t.Any]) -> dict[str, t.Any]:
    """Module parameters as Ansible hands them over: all of them, with their defaults."""
    filled = {name: option.get("default") for name, option in ARGUMENT_SPEC.items()}
    filled.update(wanted)
    if filled["checksum"] is not None:
        filled["checksum"] = commit(filled["checksum"])
    return filled


def document(state: dict[str, t.Any]) -> dict[str, t.Any]:
    """The status document of a host."""
    deployments = [_deployment(index, dict(each)) for index, each in enumerate(state["deployments"])]
    return {
        "deployments": deployments,
        "transaction": state.get("transaction"),
        "cached-update": None,
        "update-driver": state.get("driver"),
    }


def host(state: dict[str, t.Any]) -> Host:
    read = parse.status(json.dumps(document(state)))
    deployments = tuple(
        replace(
            deployment,
            kernel_arguments=tuple(each["kernel_arguments"]) if "kernel_arguments" in each else None,
            created=each.get("created"),
        )
        for deployment, each in zip(read.deployments, state["deployments"], strict=True)
    )
    boot = state.get("boot")
    return replace(
        read,
        deployments=deployments,
        config=DaemonConfig(lock_layering=state.get("lock_layering", False)),
        boot=boot and BootSpace(boot["free"], boot["kernels"], tuple(boot["used"])),
        cached_metadata=state.get("cached_metadata", False),
    )


def answers(given: dict[str, t.Any]) -> Answers:
    arguments = given.get("kernel_arguments")
    return Answers(
        driver_active=given.get("driver_active", False),
        update=given.get("update", "unknown"),
        provided=frozenset(given.get("provided", ())),
        kernel_arguments=None if arguments is None else tuple(arguments),
    )


def _deployment(index: int, each: dict[str, t.Any]) -> dict[str, t.Any]:
    for key in ("kernel_arguments", "created"):
        each.pop(key, None)
    each.setdefault("checksum", f"x{index}")
    for key in ("checksum", "base-checksum", "live-replaced", "live-inprogress", "digest"):
        if key in each:
            each[key] = commit(each[key])
    if "image" in each:
        each["container-image-reference"] = each.pop("image")
        each["container-image-reference-digest"] = each.pop("digest", None)
    else:
        origin = each.setdefault("origin", STABLE)
        each["origin"] = commit(origin) if len(origin) < 4 else origin
    osname = each.setdefault("osname", "fedora-coreos")
    return {
        "id": f"{osname}-{each['checksum']}.0",
        "serial": 0,
        "booted": False,
        "pinned": False,
        "unlocked": "none",
        "staged": False,
        "requested-packages": [],
        "requested-local-packages": [],
        "requested-base-removals": [],
        "requested-base-local-replacements": [],
        "regenerate-initramfs": False,
        "packages": [],
        "base-removals": [],
        "base-local-replacements": [],
        "timestamp": 1000,
        **each,
    }
