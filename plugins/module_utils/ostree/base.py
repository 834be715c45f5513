# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of a deployment: whether it has to move, and the command that moves it."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import FleetError
from .model import CHECKSUM, IMAGE, REF, Deployment, Host
from .reference import DIGEST, Image, Ref
from .wanted import Wanted

NOT_ASKED = "not_asked"
NONE = "none"
AVAILABLE = "available"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Move:
    """A command that gives the default deployment another base.

    ``operands`` stand after the options. ``certain`` is False when only the command itself can tell whether there is
    anything to move to.
    """

    verb: str
    operands: tuple[str, ...]
    reason: str
    target: str
    certain: bool = True


def move(host: Host, wanted: Wanted, update: str) -> Move | None:
    """What moves the base to where it is wanted; None when it is there.

    :arg update: NONE, AVAILABLE or UNKNOWN; only looked at when an upgrade is wanted.
    :raises FleetError: what is wanted cannot be reached from the origin that the host has.
    """
    deployment = host.default
    if rebases(deployment, wanted):
        return _rebase(wanted)
    if wanted.version is not None and wanted.version != deployment.base.version:
        _check_follows(deployment, "version")
        return Move("deploy", (wanted.version,), f"version {wanted.version} is wanted", wanted.version)
    if wanted.checksum is not None and wanted.checksum not in (deployment.base.checksum, deployment.digest):
        return _deploy_checksum(deployment, wanted.checksum)
    if wanted.upgrade:
        return _upgrade(deployment, update)
    return None


def rebases(deployment: Deployment, wanted: Wanted) -> bool:
    """Whether the wanted ref or image is another one than the deployment follows."""
    if wanted.image is not None:
        return Image.parse(wanted.image) != deployment.origin.image
    if wanted.ref is not None:
        ref = Ref.parse(wanted.ref)
        return ref is None or not ref.is_met_by(deployment.origin.ref)
    return False


def downgrade(host: Host, wanted: Wanted) -> Deployment | None:
    """The wanted commit when it is known on the host, and known to be older than the default."""
    here = host.default.base.timestamp
    for deployment in host.deployments:
        there = deployment.base.timestamp
        known = (wanted.version is not None and deployment.base.version == wanted.version) or (
            wanted.checksum is not None and wanted.checksum in (deployment.base.checksum, deployment.digest)
        )
        if known and here is not None and there is not None and there < here:
            return deployment
    return None


def _rebase(wanted: Wanted) -> Move:
    origin = wanted.image or wanted.ref or ""
    exact = wanted.version or wanted.checksum
    target = f"{origin} {exact}" if exact else origin
    return Move("rebase", (origin, exact) if exact else (origin,), f"{target} is wanted", target)


def _deploy_checksum(deployment: Deployment, checksum: str) -> Move:
    reason = f"commit {checksum} is wanted"
    if DIGEST.fullmatch(checksum):
        if deployment.origin.kind != IMAGE:
            raise FleetError("checksum: this host follows no container image, so it has no digest; give image as well")
        return Move("deploy", (checksum,), f"image {checksum} is wanted", checksum)
    if deployment.origin.kind == CHECKSUM:
        # deploy looks for the commit on the branch, and this origin has none.
        return Move("rebase", (checksum,), reason, checksum)
    _check_follows(deployment, "checksum")
    return Move("deploy", (checksum,), reason, checksum)


def _upgrade(deployment: Deployment, update: str) -> Move | None:
    if deployment.origin.kind not in (REF, IMAGE):
        raise FleetError("upgrade: this host is pinned to a commit and follows no branch; name the branch with ref")
    if update == NONE:
        return None
    what = deployment.origin.text
    reason = f"{what} has a newer commit" if update == AVAILABLE else f"{what} may have updates: only the upgrade tells"
    return Move("upgrade", (), reason, f"newest of {what}", certain=update == AVAILABLE)


def _check_follows(deployment: Deployment, option: str) -> None:
    if deployment.origin.kind == IMAGE:
        raise FleetError(
            f"{option}: this host follows a container image, and images are not deployed by {option}; give image with "
            "the tag or the digest (name@sha256:…) that is wanted"
        )
    if deployment.origin.kind != REF:
        raise FleetError(f"{option}: this host is pinned to a commit and follows no branch; name the branch with ref")
