# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What files say of deployments and rpm-ostree's status does not: kernel arguments, ages, room on /boot."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The names of the files are not known before, so one program reads them all; every line says what it is about.
# stat's %W is the time of birth: libostree makes the folder of a deployment once and never again.
SCRIPT = r"""
for entry in /boot/loader/entries/ostree-*.conf; do
  [ -f "$entry" ] || continue
  echo "entry $entry"
  while IFS= read -r line || [ -n "$line" ]; do printf 'line %s\n' "$line"; done < "$entry"
done
for deployment in /ostree/deploy/*/deploy/*.*/; do
  [ -d "$deployment" ] && stat -c 'deployment %W %n' "$deployment"
done
df -Pk /boot | { read -r _ && read -r _ _ _ free _ && echo "free $free"; }
for kernel in /boot/ostree/*/; do
  [ -d "$kernel" ] && du -sk "$kernel"
done
for cached in /var/cache/rpm-ostree/*; do
  [ -e "$cached" ] && echo metadata && break
done
:
"""

ARGV = ("sh", "-c", SCRIPT)


@dataclass(frozen=True)
class BootEntry:
    """A boot loader entry that libostree wrote (Boot Loader Specification, type 1)."""

    version: int
    osname: str
    kernel_arguments: tuple[str, ...]
    kernel: str | None
    """``<osname>-<boot checksum>``, the folder under /boot/ostree."""


@dataclass(frozen=True)
class Layout:
    """``entries`` stand in the order of the deployments, the default first."""

    entries: tuple[BootEntry, ...]
    created: dict[str, int]
    """By the id that rpm-ostree gives a deployment, ``<osname>-<checksum>.<serial>``."""
    free: int | None
    """Of /boot, in KiB."""
    kernels: dict[str, int]
    """Sizes in KiB, by ``<osname>-<boot checksum>``."""
    cached_metadata: bool


def parse(output: str) -> Layout:
    """Read what SCRIPT printed. Lines of other programs in between do no harm."""
    entries: list[dict[str, str]] = []
    created: dict[str, int] = {}
    kernels: dict[str, int] = {}
    free = None
    cached_metadata = False
    for line in output.splitlines():
        word, _blank, rest = line.partition(" ")
        if word == "entry":
            entries.append({})
        elif word == "line" and entries:
            key, _blank, value = rest.strip().partition(" ")
            entries[-1][key] = value.strip()
        elif word == "deployment":
            _read_deployment(rest, created)
        elif word == "free" and rest.isdigit():
            free = int(rest)
        elif line == "metadata":
            cached_metadata = True
        else:
            _read_kernel(line, kernels)
    known = (entry for entry in map(_boot_entry, entries) if entry is not None)
    # As libostree does: the highest version is the default.
    ordered = tuple(sorted(known, key=lambda entry: -entry.version))
    return Layout(ordered, created, free, kernels, cached_metadata)


_DEPLOYMENT = re.compile(r"(\d+) /ostree/deploy/([^/]+)/deploy/([0-9a-f]+\.\d+)/?")
_KERNEL = re.compile(r"(\d+)\s+/boot/ostree/([^/]+)/?")


def _read_deployment(text: str, created: dict[str, int]) -> None:
    found = _DEPLOYMENT.fullmatch(text)
    # A file system that does not record the birth says 0.
    if found is not None and int(found[1]):
        created[f"{found[2]}-{found[3]}"] = int(found[1])


def _read_kernel(line: str, kernels: dict[str, int]) -> None:
    found = _KERNEL.fullmatch(line)
    if found is not None:
        kernels[found[2]] = int(found[1])


def _boot_entry(keys: dict[str, str]) -> BootEntry | None:
    words = tuple(keys.get("options", "").split())
    # /ostree/boot.<n>/<osname>/<boot checksum>/<serial>
    place = next((word for word in words if word.startswith("ostree=")), "").split("/")
    if not keys.get("version", "").isdigit() or len(place) != 6:
        return None
    kernel = re.search(r"/ostree/([^/]+)/", keys.get("linux", ""))
    return BootEntry(int(keys["version"]), place[3], without_ostree(words), kernel and kernel[1])


def without_ostree(words: tuple[str, ...]) -> tuple[str, ...]:
    """The kernel arguments that are a user's business; ``ostree=`` is libostree's."""
    return tuple(word for word in words if word and not word.startswith("ostree="))
