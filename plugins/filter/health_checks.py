# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters health_checks and greenboot_files: from the checks that a user names to scripts, and to files."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot.deliver import delivered
from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot.wanted import Wanted
from ansible_collections.evergreen.fleet.plugins.plugin_utils.health_checks import health_checks


def scripts(checks: t.Sequence[t.Mapping[str, t.Any]], folder: str) -> list[dict[str, t.Any]]:
    """The checks as the module greenboot takes them."""
    try:
        return health_checks(checks, folder)
    except FleetError as exc:
        raise AnsibleFilterError(f"health_checks: {exc}") from exc


def greenboot_files(options: t.Mapping[str, t.Sequence[t.Mapping[str, t.Any]]]) -> list[dict[str, str]]:
    """The files that the module greenboot would write, so that it finds nothing to do after the first boot."""
    defaults = {"order": 50, "mode": "0755", "timeout": 300}
    try:
        wanted = Wanted.from_params(
            {option: [defaults | dict(script) for script in scripts] for option, scripts in options.items()}
        )
    except FleetError as exc:
        raise AnsibleFilterError(f"greenboot_files: {exc.message}") from exc
    return [
        {"path": script.path, "mode": f"{script.mode:04o}", "content": delivered(script).decode()}
        for script in wanted.all_scripts
    ]


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"health_checks": scripts, "greenboot_files": greenboot_files}
