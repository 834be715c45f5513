# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.unitfile import BadLine, parse

LONG = r"""
# a comment
[Container]
Environment=A=1 \
  B=2
; another comment
Exec = sleep \
# a comment inside
  100
Volume=a:/a
Volume=
Volume=b:/b
Image=one
Image=two

[Service]
"""


def test_what_a_unit_file_may_look_like() -> None:
    found = parse(LONG)
    assert found.sections == ("Container", "Service")
    assert found.words("Container", "Environment") == ("A=1", "B=2")
    assert found.value("Container", "Exec") == "sleep  100"
    assert found.values("Container", "Volume") == ("b:/b",)
    assert found.value("Container", "Image") == "two"
    assert found.value("Container", "Pod") is None
    assert found.values("Service", "Image") == ()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("hello", 1),
        ("[Container\nImage=nginx", 1),
        ("Image=before any section", 1),
        ("[Container]\nImage=x\n\nno key", 4),
        ("[Container]\nExec=a \\\n b\nno key", 4),
    ],
)
def test_lines_that_are_nothing(text: str, number: int) -> None:
    with pytest.raises(BadLine, match=f"line {number}: "):
        parse(text)
