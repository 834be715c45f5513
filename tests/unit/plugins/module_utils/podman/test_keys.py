# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of keys against what was extracted from podman itself."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.podman import keys

FACTS = pathlib.Path(__file__).parents[5].parent / "shared" / "fixtures" / "quadlet"


def minor(version: str) -> keys.Version:
    major, minor_version, *_patch = version.lstrip("v").split(".")
    return int(major), int(minor_version)


@pytest.fixture(scope="module")
def by_version() -> dict[str, t.Any]:
    path = FACTS / "supported-keys-by-version.json"
    if not path.exists():
        pytest.skip("../shared/fixtures is not there")
    return t.cast("dict[str, t.Any]", json.loads(path.read_text()))


def test_every_key_and_file_type_of_every_version(by_version: dict[str, t.Any]) -> None:
    seen = set()
    for version, known in by_version.items():
        for group, names in known["groups"].items():
            for name in names:
                first = keys.first_version(group, name)
                assert first is not None, (group, name)
                assert first <= minor(version)
                seen.add((group, name, first))
        of_version = {f".{kind}" for kind, first in keys.FILE_TYPES.items() if first <= minor(version)}
        assert of_version == set(known["extensions"])
    first_seen = {
        (group, name): min(
            minor(version) for version, known in by_version.items() if name in known["groups"].get(group, ())
        )
        for group, name, _first in seen
    }
    assert {(group, name): first for group, name, first in seen} == first_seen
    assert minor(list(by_version)[-1]) == keys.NEWEST


@pytest.mark.parametrize(
    ("group", "key", "meant"),
    [
        ("Container", "Immage", "Image"),
        ("Container", "publishport", "PublishPort"),
        ("Network", "Subnets", "Subnet"),
        ("Container", "Zzzzzzz", None),
    ],
)
def test_mistyped_keys(group: str, key: str, meant: str | None) -> None:
    assert keys.first_version(group, key) is None
    assert keys.similar_key(group, key) == meant
