# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only LocalNode does. The contract of every Node is tested with the connection's, in plugin_utils."""

from __future__ import annotations

import errno
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils import node as node_module
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.node import LocalNode, last_line

POLICY = b"system_u:object_r:etc_t:s0\0"
INHERITED = b"system_u:object_r:tmp_t:s0\0"


class Labels:
    """SELinux on a machine without it: what the kernel and matchpathcon would say, and what was set meanwhile."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.file = folder / "file"
        self.of_file: bytes | None = None
        self.refused = False
        self.set: list[tuple[bytes, str]] = []
        tools = folder / "tools"
        tools.mkdir()
        (tools / "matchpathcon").write_text(
            f'#!/bin/sh\n[ "$*" = "-n -m file {self.file}" ] && echo {POLICY[:-1].decode()}\n'
        )
        (tools / "matchpathcon").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
        monkeypatch.setattr(node_module, "SELINUX", str(tools))
        monkeypatch.setattr(os, "getxattr", self._get)
        monkeypatch.setattr(os, "setxattr", self._set)

    def _get(self, path: t.Any, attribute: str) -> bytes:
        assert attribute == "security.selinux"
        return self.of_file or INHERITED if path == str(self.file) else INHERITED

    def _set(self, _descriptor: int, attribute: str, value: bytes) -> None:
        assert attribute == "security.selinux"
        if self.refused:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        self.set.append((value, self.file.read_text() if self.file.exists() else ""))


@pytest.fixture
def labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Labels:
    return Labels(tmp_path, monkeypatch)


def test_a_new_file_has_the_label_of_the_policy_before_its_name(labels: Labels) -> None:
    LocalNode().write(str(labels.file), b"new")
    assert labels.set == [(POLICY, "")]


def test_a_replaced_file_keeps_its_label(labels: Labels) -> None:
    labels.file.write_text("old")
    labels.of_file = b"system_u:object_r:special_t:s0\0"
    LocalNode().write(str(labels.file), b"new")
    assert labels.set == [(b"system_u:object_r:special_t:s0\0", "old")]
    assert labels.file.read_text() == "new"


def test_a_label_that_is_right_already_is_not_set(labels: Labels) -> None:
    labels.file.write_text("old")
    labels.refused = True
    LocalNode().write(str(labels.file), b"new")
    assert labels.file.read_text() == "new"


def test_a_label_that_cannot_be_kept_is_an_error(labels: Labels) -> None:
    labels.file.write_text("old")
    labels.of_file = b"system_u:object_r:special_t:s0\0"
    labels.refused = True
    with pytest.raises(FleetError, match=r"cannot write .*/file: Operation not supported"):
        LocalNode().write(str(labels.file), b"new")
    assert labels.file.read_text() == "old"
    assert sorted(os.listdir(labels.file.parent)) == ["file", "tools"]


def test_a_new_file_where_labels_cannot_be_set(labels: Labels) -> None:
    labels.refused = True
    LocalNode().write(str(labels.file), b"new")
    assert labels.file.read_text() == "new"


@pytest.mark.parametrize(
    ("text", "line"), [("", ""), ("\n \n", ""), ("one", "one"), ("one\ntwo  \n\n", "two"), ("a\r\n", "a")]
)
def test_last_line(text: str, line: str) -> None:
    assert last_line(text) == line
