# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every program of the collection says whose it is and under which licence."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (".ci", "plugins", "roles", "scripts", "tests")


def programs() -> list[Path]:
    files = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file())
    return sorted(path for path in files if "__pycache__" not in path.parts and is_program(path))


def is_program(path: Path) -> bool:
    with path.open("rb") as stream:
        start = stream.read(2)
    return start == b"#!" or (path.suffix in {".py", ".sh"} and start != b"")


@pytest.mark.parametrize("path", programs(), ids=lambda path: str(path.relative_to(ROOT)))
def test_licence_header(path: Path) -> None:
    head = path.read_text(encoding="utf-8").splitlines()[:6]
    assert any(line.startswith("# Copyright") for line in head)
    assert "# SPDX-License-Identifier: GPL-3.0-or-later" in head
