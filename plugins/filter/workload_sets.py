# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter workload_sets: from the workloads that a user names to one set of units for each owner."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.plugin_utils.workloads.sets import workload_sets


def sets(workloads: t.Sequence[t.Mapping[str, t.Any]], **options: t.Any) -> dict[str, dict[str, t.Any]]:
    """What the module quadlet takes, by owner."""
    try:
        return workload_sets(workloads, **options)
    except FleetError as exc:
        raise AnsibleFilterError(str(exc)) from exc


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"workload_sets": sets}
