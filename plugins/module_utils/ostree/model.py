# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The deployments of a host as data: what ``rpm-ostree status --json`` and the files beside it say.

The words are those of libostree and rpm-ostree. Time stamps are seconds since 1970, UTC.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .reference import Image, Ref

REF = "ref"
CHECKSUM = "checksum"
IMAGE = "image"


@dataclass(frozen=True)
class Origin:
    """Where the updates of a deployment come from."""

    kind: str
    """One of REF, CHECKSUM (pinned to a commit, there are no updates) and IMAGE; empty when nothing is known."""
    text: str = ""
    """As rpm-ostree prints it."""
    custom: tuple[str, str] | None = None
    """Address and description that the one who rebased wrote into the origin."""

    @property
    def ref(self) -> Ref | None:
        return Ref.parse(self.text) if self.kind == REF else None

    @property
    def image(self) -> Image | None:
        return Image.parse(self.text) if self.kind == IMAGE else None


@dataclass(frozen=True)
class Package:
    nevra: str
    name: str


@dataclass(frozen=True)
class Replacement:
    """A base package that another one stands in for."""

    new: Package
    old: Package


@dataclass(frozen=True)
class RemoteReplacement:
    """Base packages that are replaced from a source, for example ``repo=updates``."""

    source: str
    packages: tuple[str, ...]


@dataclass(frozen=True)
class Initramfs:
    """How the initramfs is made. Without ``regenerate`` it is the one of the base."""

    regenerate: bool = False
    args: tuple[str, ...] = ()
    etc_files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Signature:
    valid: bool
    fingerprint: str
    user: str
    timestamp: int


@dataclass(frozen=True)
class Base:
    """A commit as it came from the remote, without anything layered on it."""

    checksum: str
    version: str | None = None
    timestamp: int | None = None


@dataclass(frozen=True)
class Deployment:
    """One bootable tree. ``index`` is its place in the list: 0 is what boots next."""

    index: int
    id: str
    osname: str
    checksum: str
    serial: int
    booted: bool
    origin: Origin
    base: Base
    staged: bool = False
    pinned: bool = False
    unlocked: str = "none"
    finalization_locked: bool = False
    digest: str | None = None
    """Of the container image, ``sha256:…``."""
    version: str | None = None
    timestamp: int | None = None
    created: int | None = None
    """When its folder was made on this host; None where the file system or stat does not tell."""
    kernel_arguments: tuple[str, ...] | None = None
    """In their order, without ``ostree=``; None when no file tells them."""
    requested_packages: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    """The requests that are really layered; the others are inactive, because the base provides them."""
    local_packages: tuple[str, ...] = ()
    fileoverride_packages: tuple[str, ...] = ()
    requested_removals: tuple[str, ...] = ()
    removals: tuple[Package, ...] = ()
    requested_replacements: tuple[str, ...] = ()
    replacements: tuple[Replacement, ...] = ()
    requested_remote_replacements: tuple[RemoteReplacement, ...] = ()
    remote_replacements: tuple[RemoteReplacement, ...] = ()
    requested_modules: tuple[str, ...] = ()
    initramfs: Initramfs = Initramfs()
    cliwrap: bool = False
    live_replaced: str | None = None
    """The commit that was applied to the running system."""
    live_inprogress: str | None = None
    """The commit whose live application was interrupted."""
    gpg_enabled: bool | None = None
    signatures: tuple[Signature, ...] = ()
    remote_error: str | None = None
    pending_base: Base | None = None
    """What the ref resolves to in the local repository, when that is another commit than the base."""
    end_of_life: str | None = None

    @property
    def layered(self) -> bool:
        return self.base.checksum != self.checksum

    @property
    def inactive_packages(self) -> tuple[str, ...]:
        return tuple(name for name in self.requested_packages if name not in self.packages)

    @property
    def inactive_removals(self) -> tuple[str, ...]:
        effective = {package.name for package in self.removals}
        return tuple(name for name in self.requested_removals if name not in effective)

    @property
    def inactive_replacements(self) -> tuple[str, ...]:
        effective = {replacement.new.nevra for replacement in self.replacements}
        return tuple(nevra for nevra in self.requested_replacements if nevra not in effective)


@dataclass(frozen=True)
class Transaction:
    """What the daemon is doing. One at a time."""

    method: str
    """Of its D-Bus interface: Upgrade, Deploy, Rebase, PkgChange, UpdateDeployment, Rollback, Cleanup, …"""
    sender: str
    path: str


@dataclass(frozen=True)
class CachedUpdate:
    """What the last check for updates found. It compares with the booted deployment."""

    checksum: str | None
    version: str | None
    timestamp: int | None
    new_commit: bool
    """False when only layered packages have updates."""
    deployment: str | None
    """The id of the deployment that this update is staged as."""


@dataclass(frozen=True)
class Driver:
    """The agent that has said that updates of this host are its business."""

    name: str
    unit: str


@dataclass(frozen=True)
class DaemonConfig:
    """/etc/rpm-ostreed.conf. It has no drop-ins."""

    automatic_update_policy: str = "none"
    lock_layering: bool = False
    recommends: bool = True


@dataclass(frozen=True)
class BootSpace:
    """Room on the file system of /boot, in KiB."""

    free: int
    kernels: t.Mapping[str, int]
    """What the kernel and initramfs of each boot checksum take, by ``<osname>-<checksum>``."""
    used: tuple[str | None, ...]
    """For each deployment that has a boot entry, in their order, which of ``kernels`` it boots."""


@dataclass(frozen=True)
class Reboot:
    needed: bool
    reason: str


@dataclass(frozen=True)
class Host:
    """Everything that was read of a host, at one time."""

    deployments: tuple[Deployment, ...]
    transaction: Transaction | None = None
    cached_update: CachedUpdate | None = None
    driver: Driver | None = None
    config: DaemonConfig = DaemonConfig()
    boot: BootSpace | None = None
    cached_metadata: bool = False
    """Whether there is metadata of package repositories in rpm-ostree's cache."""
    running_kernel_arguments: tuple[str, ...] = ()
    """What the running kernel was started with, all of /proc/cmdline."""

    @property
    def booted(self) -> Deployment | None:
        return next((deployment for deployment in self.deployments if deployment.booted), None)

    @property
    def osname(self) -> str:
        return (self.booted or self.deployments[0]).osname

    @property
    def default(self) -> Deployment:
        """The first of the booted stateroot: the next operation starts from it."""
        return next(deployment for deployment in self.deployments if deployment.osname == self.osname)

    @property
    def staged(self) -> Deployment | None:
        return next((deployment for deployment in self.deployments if deployment.staged), None)

    @property
    def pending(self) -> tuple[Deployment, ...]:
        """What stands before the booted deployment."""
        return self._others(before=True)

    @property
    def rollbacks(self) -> tuple[Deployment, ...]:
        """What stands after the booted deployment."""
        return self._others(before=False)

    @property
    def rollback(self) -> Deployment | None:
        """What ``rpm-ostree rollback`` goes back to."""
        return next(iter(self.rollbacks), None)

    def _others(self, *, before: bool) -> tuple[Deployment, ...]:
        booted = self.booted
        if booted is None:
            return ()
        return tuple(
            deployment
            for deployment in self.deployments
            if deployment.osname == booted.osname
            and not deployment.booted
            and (deployment.index < booted.index) is before
        )

    @property
    def reboot(self) -> Reboot:
        """Whether a reboot changes what runs."""
        booted, following = self.booted, self.deployments[0]
        if booted is None:
            return Reboot(False, "the running system is none of the deployments")
        if following.booted:
            return Reboot(False, "the booted deployment is the default")
        if following.finalization_locked:
            return Reboot(False, "the staged deployment is locked: rpm-ostree finalize-deployment releases it")
        if self._runs_already(following):
            return Reboot(False, "the pending deployment was applied to the running system")
        what = "a staged" if following.staged else "another"
        return Reboot(True, f"{what} deployment, {describe(following)}, is the default")

    def _runs_already(self, deployment: Deployment) -> bool:
        booted = self.booted
        return (
            booted is not None
            and booted.live_replaced == deployment.checksum
            and booted.live_inprogress is None
            and booted.base.checksum == deployment.base.checksum
            and booted.kernel_arguments == deployment.kernel_arguments
            and booted.initramfs == deployment.initramfs
        )


def describe(deployment: Deployment) -> str:
    """How messages name a deployment: its version where it has one, and enough of the checksum to find it."""
    short = deployment.checksum[:10]
    return f"{deployment.version} ({short})" if deployment.version else short


def listed(names: t.Iterable[str]) -> str:
    """How messages name several things."""
    return ", ".join(names)
