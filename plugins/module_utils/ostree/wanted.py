# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user wants of a host, checked as far as it can be without looking at the host."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass, field

from ..errors import FleetError
from .kargs import KernelArguments
from .reference import COMMIT, DIGEST, Image, Ref

Params = t.Mapping[str, t.Any]

_RPM_FILE = re.compile(r"(?:/|https?://).*/?[^/]+-[^-/]+-[^-/]+\.[^./-]+\.rpm")


@dataclass(frozen=True)
class Override:
    """A base package that another one is to stand in for.

    Either ``rpm``, a file or address of a package, or ``name`` from the enabled repository ``repo``.
    """

    rpm: str | None = None
    name: str | None = None
    repo: str | None = None

    @property
    def file_nevra(self) -> str:
        """What the file name of the package says: name, version, release and architecture, without the epoch."""
        name = os.path.basename(self.rpm or "")
        return name[: -len(".rpm")]


@dataclass(frozen=True)
class WantedInitramfs:
    enabled: bool
    args: tuple[str, ...] | None
    """None leaves the arguments as they are."""


@dataclass(frozen=True)
class Wanted:
    """Every part is optional: what is None or empty stays as it is.

    ``removals``, ``overrides`` and ``pinned`` are whole lists: what is not in them is undone.
    """

    ref: str | None = None
    image: str | None = None
    version: str | None = None
    checksum: str | None = None
    upgrade: bool = False
    packages: tuple[str, ...] = ()
    absent_packages: tuple[str, ...] = ()
    removals: tuple[str, ...] | None = None
    overrides: tuple[Override, ...] | None = None
    kernel_arguments: KernelArguments = field(default_factory=KernelArguments)
    initramfs: WantedInitramfs | None = None
    pinned: tuple[str, ...] | None = None
    apply_live: bool = False
    cleanup: tuple[str, ...] = ()
    rolled_back: bool = False
    allow_downgrade: bool = False
    bypass_driver: bool = False

    @classmethod
    def from_params(cls, params: Params) -> Wanted:
        """:raises FleetError: options that are malformed or contradict each other."""
        removals, overrides, pinned = (params.get(key) for key in ("removed_base_packages", "overrides", "pinned"))
        wanted = cls(
            ref=params.get("ref"),
            image=params.get("image"),
            version=params.get("version"),
            checksum=params.get("checksum"),
            upgrade=bool(params.get("upgrade")),
            packages=_names("packages", params.get("packages")),
            absent_packages=_names("absent_packages", params.get("absent_packages")),
            removals=None if removals is None else _names("removed_base_packages", removals),
            overrides=None if overrides is None else tuple(_override(each) for each in overrides),
            kernel_arguments=KernelArguments.from_params(params.get("kernel_arguments") or {}),
            initramfs=_initramfs(params.get("initramfs")),
            pinned=None if pinned is None else tuple(dict.fromkeys(pinned)),
            apply_live=bool(params.get("apply_live")),
            cleanup=tuple(params.get("cleanup") or ()),
            rolled_back=params.get("state") == "rolled_back",
            allow_downgrade=bool(params.get("allow_downgrade")),
            bypass_driver=bool(params.get("bypass_driver")),
        )
        _check_base(wanted)
        _check_packages(wanted)
        _check_alone(wanted)
        return wanted

    def changes(self) -> list[str]:
        """The options given that ask for a new deployment."""
        given = {
            "ref": self.ref,
            "image": self.image,
            "version": self.version,
            "checksum": self.checksum,
            "upgrade": self.upgrade,
            "packages": self.packages,
            "absent_packages": self.absent_packages,
            "removed_base_packages": self.removals is not None,
            "overrides": self.overrides is not None,
            "kernel_arguments": self.kernel_arguments != KernelArguments(),
            "initramfs": self.initramfs,
        }
        return [option for option, value in given.items() if value]


def _check_base(wanted: Wanted) -> None:
    if wanted.ref is not None and wanted.image is not None:
        raise FleetError("ref and image exclude each other: a deployment follows an OSTree ref or a container image")
    if wanted.ref is not None and Ref.parse(wanted.ref) is None:
        raise FleetError(f"ref: {wanted.ref!r} is no OSTree ref; write remote:branch, as ostree remote refs lists it")
    if wanted.version is not None and wanted.checksum is not None:
        raise FleetError("version and checksum exclude each other: keep the one that names the commit")
    exact = "version" if wanted.version is not None else "checksum"
    if (wanted.version is not None or wanted.checksum is not None) and wanted.upgrade:
        raise FleetError(f"upgrade and {exact} exclude each other: {exact} holds the host where upgrade would move it")
    if wanted.checksum is not None and not (COMMIT.fullmatch(wanted.checksum) or DIGEST.fullmatch(wanted.checksum)):
        raise FleetError(
            f"checksum: {wanted.checksum!r} is neither a commit (64 hexadecimal digits) nor an image digest (sha256:…)"
        )
    if wanted.version is not None and (not wanted.version or wanted.version.startswith("-")):
        raise FleetError(f"version: {wanted.version!r} is no version; write it as rpm-ostree status shows it")
    if wanted.image is not None:
        _check_image(wanted, exact)
    elif wanted.ref is not None and wanted.checksum is not None and DIGEST.fullmatch(wanted.checksum):
        raise FleetError("checksum: an image digest does not go with ref; give the checksum of a commit on that ref")


def _check_image(wanted: Wanted, exact: str) -> None:
    image = wanted.image or ""
    if Image.parse(image) is None:
        plain = image.partition("://")[2] or image
        raise FleetError(
            f"image: {image!r} does not say how it is verified; write ostree-image-signed:docker://{plain} (by the "
            f"signature policy of the host) or ostree-unverified-registry:{plain} (not at all)"
        )
    if image.startswith("-") or any(character.isspace() for character in image):
        raise FleetError(f"image: {image!r} is no image reference; it has blanks")
    if wanted.version is not None or wanted.checksum is not None:
        raise FleetError(f"image and {exact} exclude each other: write the digest into the image, name@sha256:…")


def _check_packages(wanted: Wanted) -> None:
    for name in wanted.packages:
        if name in wanted.absent_packages:
            raise FleetError(f"{name} is in packages and in absent_packages; keep it in one of them")
        if name in (wanted.removals or ()):
            raise FleetError(f"{name} is in packages and in removed_base_packages; keep it in one of them")
    replaced = [override.name for override in wanted.overrides or () if override.name]
    for name in replaced:
        if name in (wanted.removals or ()):
            raise FleetError(f"{name} is in overrides and in removed_base_packages; keep it in one of them")


def _check_alone(wanted: Wanted) -> None:
    changes = wanted.changes()
    if wanted.rolled_back:
        others = [option for option in changes if option not in ("version", "checksum")]
        others += ["cleanup"] if wanted.cleanup else []
        others += ["apply_live"] if wanted.apply_live else []
        if others:
            raise FleetError(
                f"state: rolled_back goes to a deployment that is already there, so {others[0]} cannot be given with it"
            )
    elif "pending" in wanted.cleanup and (changes or wanted.apply_live):
        other = (changes or ["apply_live"])[0]
        raise FleetError(f"cleanup: pending drops what {other} makes; give them in two tasks")


def _names(option: str, names: t.Sequence[str] | None) -> tuple[str, ...]:
    for name in names or ():
        if not name or name.startswith("-") or any(character.isspace() for character in name):
            raise FleetError(f"{option}: {name!r} is no package name; write one package an item, without blanks")
        if name.endswith(".rpm"):
            raise FleetError(
                f"{option}: {name!r} is a file, and the package in it has no updates; put it into a repository and "
                "write the name of the package"
            )
    return tuple(dict.fromkeys(names or ()))


def _override(each: Params) -> Override:
    override = Override(each.get("rpm"), each.get("name"), each.get("repo"))
    if bool(override.rpm) == bool(override.name or override.repo) or bool(override.name) != bool(override.repo):
        raise FleetError("overrides: each item has either rpm (a file or an address), or name and repo")
    # The file name is what tells whether the host has this package already.
    if override.rpm and not _RPM_FILE.fullmatch(override.rpm):
        raise FleetError(
            f"overrides: {override.rpm!r} is no package file; write an absolute path on the host or an https address "
            "that ends in name-version-release.arch.rpm"
        )
    for text in (override.name, override.repo):
        if text and (text.startswith("-") or any(character.isspace() for character in text)):
            raise FleetError(f"overrides: {text!r} is no name; write it without blanks")
    return override


def _initramfs(params: Params | None) -> WantedInitramfs | None:
    if params is None:
        return None
    args, enabled = params.get("args"), params.get("enabled")
    if enabled is None and args is None:
        return None
    if enabled is None:
        enabled = True
    if not enabled and args:
        raise FleetError("initramfs: args are for an initramfs that is made on the host; set enabled to true")
    return WantedInitramfs(enabled, None if args is None else tuple(args))
