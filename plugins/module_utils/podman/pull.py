# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fetch images ahead of a restart, so that a registry that is down or a full disk stops nothing that runs."""

from __future__ import annotations

import typing as t

from .model import Unit
from .relations import image

# Keys of .image files, as options of podman pull.
_OPTIONS = {
    "Arch": "--arch=",
    "AuthFile": "--authfile=",
    "CertDir": "--cert-dir=",
    "OS": "--os=",
    "TLSVerify": "--tls-verify=",
    "Variant": "--variant=",
}

# With these, or with arguments of the user's own, only the generated service knows how to fetch the image.
_UNKNOWN = ("AllTags", "Creds", "DecryptionKey", "GlobalArgs", "PodmanArgs", "ContainersConfModule")


def pull(unit: Unit, missing: t.Collection[str]) -> tuple[str, ...] | None:
    """The command that fetches the image of a unit; None when that is not needed, or is left to the unit."""
    name = image(unit)
    if name is None or name not in missing:
        return None
    if unit.type == "container":
        policy = unit.file.value("Container", "Pull")
        return None if policy == "never" else ("podman", "pull", "--quiet", name)
    if unit.file.values("Image", *_UNKNOWN):
        return None
    options = [f"{option}{value}" for key, option in _OPTIONS.items() for value in unit.file.values("Image", key)[-1:]]
    return ("podman", "pull", "--quiet", *options, name)


def images(units: t.Iterable[Unit]) -> tuple[str, ...]:
    """The images that units need from elsewhere."""
    return tuple(sorted({name for name in map(image, units) if name is not None}))
