# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages and overrides: what differs between a deployment's requests and the wanted ones.

Only the requests count, not what is really layered: a package that the base provides stays an inactive request.
"""

from __future__ import annotations

from dataclasses import dataclass

from .model import Deployment
from .parse import nevra_name, without_epoch
from .wanted import Override, Wanted


@dataclass(frozen=True)
class Layering:
    """``resets`` are the removals (by name) and replacements (local ones by nevra) that go; ``remote_replacements`` are
    names by their source."""

    install: tuple[str, ...] = ()
    uninstall: tuple[str, ...] = ()
    resets: tuple[str, ...] = ()
    removals: tuple[str, ...] = ()
    replacements: tuple[Override, ...] = ()
    remote_replacements: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def overrides(self) -> bool:
        return bool(self.removals or self.replacements or self.remote_replacements)


def difference(deployment: Deployment, wanted: Wanted) -> Layering:
    """What has to be requested and what has to be given back."""
    files = {each.file_nevra: each for each in wanted.overrides or () if each.rpm}
    here = {without_epoch(nevra): nevra for nevra in deployment.requested_replacements}
    new_files = {nevra: override for nevra, override in files.items() if nevra not in here}
    # A new file takes the place of an older one of the same name by itself.
    new_names = {nevra_name(nevra) for nevra in new_files}
    remote = _remote(wanted.overrides or ())
    remote_here = {(each.source, name) for each in deployment.requested_remote_replacements for name in each.packages}
    resets: list[str] = []
    if wanted.removals is not None:
        resets += [name for name in deployment.requested_removals if name not in wanted.removals]
    if wanted.overrides is not None:
        gone = [nevra for short, nevra in here.items() if short not in files]
        resets += [nevra for nevra in gone if nevra_name(nevra) not in new_names]
        resets += sorted(name for _source, name in remote_here - remote)
    by_source: dict[str, list[str]] = {}
    for source, name in sorted(remote - remote_here):
        by_source.setdefault(source, []).append(name)
    return Layering(
        install=tuple(name for name in wanted.packages if not requested(deployment, name)),
        uninstall=tuple(name for name in wanted.absent_packages if requested(deployment, name)),
        resets=tuple(resets),
        removals=tuple(name for name in wanted.removals or () if name not in deployment.requested_removals),
        replacements=tuple(new_files.values()),
        remote_replacements=tuple((source, tuple(names)) for source, names in by_source.items()),
    )


def requested(deployment: Deployment, name: str) -> bool:
    """Whether a package is requested, by this name or as a local package of it."""
    local = (*deployment.local_packages, *deployment.fileoverride_packages)
    return name in deployment.requested_packages or name in local or name in map(nevra_name, local)


def _remote(overrides: tuple[Override, ...]) -> set[tuple[str, str]]:
    return {(f"repo={each.repo}", each.name) for each in overrides if each.name}
