# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in's "status --json" against documents that real hosts wrote: names, types and order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import Lab

FIXTURES = Path(__file__).parents[3].parent / "shared" / "fixtures" / "rpm-ostree-status"
# A staged deployment with a layered package and a removed one, and behind it the booted base.
RECORDED = FIXTURES / "clientgo-fcos-with-overrides-status.json"
pytestmark = pytest.mark.skipif(not RECORDED.is_file(), reason=f"there are no recorded documents in {FIXTURES}")

# Modularity was dropped in 2024.7; the remotes of the lab are not signed.
NOT_OURS = {"modules", "requested-modules", "requested-modules-enabled", "signatures"}


def shape(value: Any) -> Any:
    """The types of a value; of an array those of its first item."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return type(value).__name__


def fits(ours: Any, theirs: Any) -> bool:
    """An empty array says nothing about its items."""
    if isinstance(ours, list) and isinstance(theirs, list):
        return not ours or not theirs or fits(ours[0], theirs[0])
    return bool(ours == theirs)


@pytest.fixture
def documents(lab: Lab) -> tuple[dict[str, Any], dict[str, Any]]:
    lab.call("install", "extra")
    lab.call("override", "remove", "base-tool")
    return lab.status(), json.loads(RECORDED.read_text())


def test_members_of_the_document(documents: tuple[dict[str, Any], dict[str, Any]]) -> None:
    ours, theirs = documents
    assert list(ours) == list(theirs)
    assert [item["staged"] for item in ours["deployments"]] == [item["staged"] for item in theirs["deployments"]]


@pytest.mark.parametrize("index", [0, 1], ids=["staged and layered", "booted base"])
def test_deployment(documents: tuple[dict[str, Any], dict[str, Any]], index: int) -> None:
    ours, theirs = (document["deployments"][index] for document in documents)
    wanted = {key: value for key, value in theirs.items() if key not in NOT_OURS}
    assert list(ours) == list(wanted)
    for key, value in ours.items():
        if key not in {"base-commit-meta", "layered-commit-meta"}:
            assert fits(shape(value), shape(wanted[key])), key


def test_metadata_of_the_layer(documents: tuple[dict[str, Any], dict[str, Any]]) -> None:
    ours, theirs = (document["deployments"][0]["layered-commit-meta"] for document in documents)
    assert set(ours) == set(theirs)
    assert {key: type(value) for key, value in ours.items()} == {key: type(value) for key, value in theirs.items()}


def test_text_is_that_of_json_glib(lab: Lab) -> None:
    # The recorded documents of that library differ from Python's in three ways.
    text = lab.call("status", "--json")
    assert text.startswith('{\n  "deployments" : [\n    {\n      "unlocked" : "none",\n')
    assert '"base-remote-replacements" : {      },' in text
    assert '"base-removals" : [],' in text


def test_every_document_has_our_members(lab: Lab) -> None:
    lab.call("install", "extra")
    known: dict[str, set[str]] = {}
    for path in FIXTURES.glob("**/*.json"):
        for deployment in json.loads(path.read_text())["deployments"]:
            for key, value in deployment.items():
                known.setdefault(key, set()).add(type(value).__name__)
    for deployment in lab.deployments():
        for key, value in deployment.items():
            assert type(value).__name__ in known[key], key
