# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which packages an installation moved that nobody asked to move.

rpm-ostree solves all layered packages again whenever one is added, against the repositories as they are then, and has
no option to hold the others (its issue 5323). So it cannot be prevented, only shown.
"""

from __future__ import annotations

import json

from ..node import Completed, Node
from .model import Deployment


def moved_packages(node: Node, before: Deployment, after: Deployment) -> list[str]:
    """The packages that both deployments have, in another version: ``name old -> new``."""
    argv = ("rpm-ostree", "db", "diff", "--format=json", before.checksum, after.checksum)
    found = node.gather({"difference": argv})["difference"]
    if not isinstance(found, Completed):
        return []
    try:
        packages = json.loads(found.stdout)["pkgdiff"]
        both = [change for _name, _kind, change in packages if {"PreviousPackage", "NewPackage"} <= set(change)]
        return [
            f"{change['NewPackage'][0]} {change['PreviousPackage'][1]} -> {change['NewPackage'][1]}" for change in both
        ]
    except (ValueError, KeyError, TypeError, IndexError):
        return []
