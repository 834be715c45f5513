# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter virtual_ip: from the variables of the role of that name to what keepalived is told."""

from __future__ import annotations

import typing as t

from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.plugin_utils.virtual_ip import virtual_ip


def told(settings: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the templates of the role need, or a ``problem``: an exception reaches the user in Ansible's wrapping."""
    try:
        return {"problem": "", **virtual_ip(settings)}
    except FleetError as exc:
        return {"problem": str(exc)}


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"virtual_ip": told}
