# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment block of GRUB: 1024 bytes of ``name=value`` lines, filled up with ``#``."""

from __future__ import annotations

import re

from ..errors import FleetError

PATHS = ("/boot/grub2/grubenv", "/boot/grub/grubenv")
"""Of the Fedora family, and of others."""

_SIZE = 1024
_SIGNATURE = b"# GRUB Environment Block\n"


def parse(block: bytes) -> dict[str, str]:
    """The variables.

    :raises FleetError: it is no environment block.
    """
    if len(block) != _SIZE or not block.startswith(_SIGNATURE):
        raise FleetError(
            f"the environment of GRUB is no block of {_SIZE} bytes with its first line; grub2-editenv makes a new one"
        )
    text = block.decode("utf-8", "replace")
    # A line end in a value is escaped, and so is the backslash.
    entries = re.findall(r"(?ms)^([^#=\n][^=\n]*)=((?:\\.|[^\\\n])*)\n", text)
    return {name: re.sub(r"(?s)\\(.)", r"\1", value) for name, value in entries}


def counter(variables: dict[str, str]) -> int | None:
    """How many more boots the deployment gets. -1 in the boot that GRUB gave to the one before; None without count."""
    value = variables.get("boot_counter", "")
    return int(value) if re.fullmatch(r"-?\d+", value) else None
