# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of several folders need."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def in_memory() -> Path | None:
    """Where folders of tests belong that sync what they write to disk: in memory that costs nothing."""
    folder = Path("/dev/shm")  # noqa: S108 - TemporaryDirectory makes a folder of its own in it
    return folder if folder.is_dir() else None


@pytest.fixture
def work(in_memory: Path | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=in_memory) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """Gives a port of the loopback interface that nobody listens on."""

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port

    return find
