# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what a host says to the model.

``rpm-ostree status --json`` has grown since 2019: a key that an old version does not write has its default.
"""

from __future__ import annotations

import configparser
import json
import re
import typing as t
from dataclasses import replace

from ..errors import FleetError
from . import gvariant
from .layout import Layout, without_ostree
from .model import (
    CHECKSUM,
    IMAGE,
    REF,
    Base,
    BootSpace,
    CachedUpdate,
    DaemonConfig,
    Deployment,
    Driver,
    Host,
    Initramfs,
    Origin,
    Package,
    RemoteReplacement,
    Replacement,
    Signature,
    Transaction,
)
from .reference import COMMIT

Json = t.Mapping[str, t.Any]


def status(text: str) -> Host:
    """Read the output of ``rpm-ostree status --json``.

    :raises FleetError: it is no such document.
    """
    try:
        document = json.loads(text)
        deployments = tuple(_deployment(index, each) for index, each in enumerate(document["deployments"]))
        if not deployments:
            raise FleetError("rpm-ostree status lists no deployments")
        return Host(
            deployments=deployments,
            transaction=_transaction(document.get("transaction")),
            cached_update=_cached_update(document.get("cached-update")),
            driver=_driver(document.get("update-driver")),
        )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as exc:
        raise FleetError(f"cannot understand what rpm-ostree status --json printed: {exc!r}") from exc


def with_layout(host: Host, layout: Layout, staged: bytes | None) -> Host:
    """Add what the file system says.

    libostree builds its list of deployments from the boot entries, so theirs is the order of the deployments; a
    staged one has no entry yet and its kernel arguments are in its own file.

    :arg staged: the content of /run/ostree/staged-deployment.
    """
    listed = [deployment for deployment in host.deployments if not deployment.staged]
    fits = [deployment.osname for deployment in listed] == [entry.osname for entry in layout.entries]
    arguments: dict[int, tuple[str, ...] | None] = {}
    if fits:
        arguments = {each.index: entry.kernel_arguments for each, entry in zip(listed, layout.entries)}
    if host.staged is not None:
        arguments[host.staged.index] = _staged_arguments(staged)
    deployments = (
        replace(each, kernel_arguments=arguments.get(each.index), created=layout.created.get(each.id))
        for each in host.deployments
    )
    used = tuple(entry.kernel for entry in layout.entries) if fits else ()
    boot = None if layout.free is None else BootSpace(layout.free, layout.kernels, used)
    return replace(host, deployments=tuple(deployments), boot=boot, cached_metadata=layout.cached_metadata)


def daemon_config(content: bytes | None) -> DaemonConfig:
    """Read /etc/rpm-ostreed.conf; without the file the compiled-in defaults hold, see rpm-ostreed.conf(5)."""
    parser = configparser.ConfigParser(
        delimiters=("=",), comment_prefixes=("#",), strict=False, interpolation=None, empty_lines_in_values=False
    )
    try:
        parser.read_string((content or b"").decode("utf-8", "replace"))
        section = parser["Daemon"] if parser.has_section("Daemon") else {}
        return DaemonConfig(
            # The name of 2018.
            automatic_update_policy=section.get("AutomaticUpdatePolicy", "none").replace("ex-stage", "stage"),
            lock_layering=section.get("LockLayering", "false").lower() in ("true", "1"),
            recommends=section.get("Recommends", "true").lower() in ("true", "1"),
        )
    except configparser.Error as exc:
        raise FleetError("cannot understand /etc/rpm-ostreed.conf: it is no key file") from exc


def words(content: bytes | None) -> tuple[str, ...]:
    """Read a line of kernel arguments."""
    return tuple((content or b"").decode("utf-8", "replace").split())


def nevra_name(nevra: str) -> str:
    """The name in ``name-[epoch:]version-release.arch``; what is no such thing is its own name."""
    name, *rest = nevra.rsplit("-", 2)
    return name if len(rest) == 2 else nevra


def without_epoch(nevra: str) -> str:
    """``name-version-release.arch``: how the file of a package is called."""
    return re.sub(r"-\d+:", "-", nevra)


def _staged_arguments(content: bytes | None) -> tuple[str, ...] | None:
    if content is None:
        return None
    try:
        kind, value = gvariant.dictionary(content).get("kargs", ("", b""))
        return without_ostree(gvariant.strings(value)) if kind == "as" else None
    except gvariant.NotVariant:
        return None


def _deployment(index: int, each: Json) -> Deployment:
    checksum = each["checksum"]
    return Deployment(
        index=index,
        id=each["id"],
        osname=each["osname"],
        checksum=checksum,
        serial=each.get("serial", 0),
        booted=each.get("booted", False),
        origin=_origin(each),
        base=_base(each, "base-", checksum),
        staged=each.get("staged", False),
        pinned=each.get("pinned", False),
        unlocked=each.get("unlocked", "none"),
        finalization_locked=each.get("finalization-locked", False),
        digest=each.get("container-image-reference-digest"),
        version=each.get("version"),
        timestamp=each.get("timestamp"),
        requested_packages=_texts(each, "requested-packages"),
        packages=_texts(each, "packages"),
        local_packages=_texts(each, "requested-local-packages"),
        fileoverride_packages=_texts(each, "requested-local-fileoverride-packages"),
        requested_removals=_texts(each, "requested-base-removals"),
        removals=tuple(_package(package) for package in each.get("base-removals") or ()),
        requested_replacements=_texts(each, "requested-base-local-replacements"),
        replacements=tuple(
            Replacement(_package(new), _package(old)) for new, old in each.get("base-local-replacements") or ()
        ),
        requested_remote_replacements=tuple(
            RemoteReplacement(source, tuple(packages))
            for source, packages in each.get("requested-base-remote-replacements") or ()
        ),
        remote_replacements=tuple(
            RemoteReplacement(source, tuple(dict.fromkeys(_replaced(pair) for pair in pairs)))
            for source, pairs in (each.get("base-remote-replacements") or {}).items()
        ),
        requested_modules=_texts(each, "requested-modules"),
        initramfs=Initramfs(
            regenerate=each.get("regenerate-initramfs", False),
            args=_texts(each, "initramfs-args"),
            etc_files=_texts(each, "initramfs-etc"),
        ),
        cliwrap=each.get("cliwrap", False),
        live_replaced=each.get("live-replaced"),
        live_inprogress=each.get("live-inprogress"),
        gpg_enabled=each.get("gpg-enabled"),
        signatures=tuple(
            Signature(valid=each[0], fingerprint=each[5], user=f"{each[10]} <{each[11]}>", timestamp=each[6])
            for each in each.get("signatures") or ()
        ),
        remote_error=each.get("remote-error"),
        pending_base=_base(each, "pending-base-", "") if "pending-base-checksum" in each else None,
        end_of_life=each.get("endoflife"),
    )


def _base(each: Json, prefix: str, checksum: str) -> Base:
    if f"{prefix}checksum" in each:
        return Base(each[f"{prefix}checksum"], each.get(f"{prefix}version"), each.get(f"{prefix}timestamp"))
    return Base(checksum, each.get("version"), each.get("timestamp"))


def _origin(each: Json) -> Origin:
    custom = tuple(each.get("custom-origin") or ())
    described = (custom[0], custom[1]) if len(custom) == 2 else None
    image = each.get("container-image-reference")
    if image:
        return Origin(IMAGE, image, described)
    text = each.get("origin") or ""
    # A rebase to a commit is written with an empty remote.
    if COMMIT.fullmatch(text.lstrip(":")):
        return Origin(CHECKSUM, text.lstrip(":"), described)
    return Origin(REF if text else "", text, described)


def _package(fields: t.Sequence[t.Any]) -> Package:
    return Package(nevra=fields[0], name=fields[1])


def _replaced(pair: t.Sequence[t.Any]) -> str:
    new = pair if isinstance(pair[0], str) else pair[0]
    return _package(new).name


def _texts(each: Json, key: str) -> tuple[str, ...]:
    return tuple(each.get(key) or ())


def _transaction(fields: t.Sequence[str] | None) -> Transaction | None:
    return Transaction(*fields) if fields else None


def _cached_update(each: Json | None) -> CachedUpdate | None:
    if not each:
        return None
    return CachedUpdate(
        checksum=each.get("checksum"),
        version=each.get("version"),
        timestamp=each.get("timestamp"),
        new_commit=each.get("ref-has-new-commit", False),
        deployment=each.get("deployment"),
    )


def _driver(each: Json | None) -> Driver | None:
    return Driver(each["driver-name"], each["driver-sd-unit"]) if each else None
