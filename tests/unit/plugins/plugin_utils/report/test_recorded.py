# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the report makes of the status of real hosts, as ostree_host_info returns it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree import parse
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.facts import host_facts
from ansible_collections.evergreen.fleet.plugins.plugin_utils.report.model import Node
from ansible_collections.evergreen.fleet.plugins.plugin_utils.report.recognise import recognise

FIXTURES = Path(__file__).parents[5].parent / "shared" / "fixtures" / "rpm-ostree-status"
DOCUMENTS = sorted(FIXTURES.rglob("*.json"))


@pytest.mark.skipif(not DOCUMENTS, reason=f"no recorded status documents in {FIXTURES}")
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_what_runs_and_what_boots_next(path: Path) -> None:
    host = parse.status(path.read_text(encoding="utf-8"))
    node = Node("edge1")
    recognise(node, "evergreen.fleet.ostree_host_info", host_facts(host))
    booted = host.booted
    assert (node.booted and node.booted.checksum) == (booted and booted.checksum)
    assert (node.booted and node.booted.origin) == (booted and booted.origin.text)
    assert (node.following and node.following.checksum) == (host.default.checksum if host.reboot.needed else None)
