# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Status documents of real hosts of 2019 to 2026, and of states that were built to the same format."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
import yaml
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree import parse
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.facts import host_facts
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.model import Deployment

from .build import document, host

HERE = pathlib.Path(__file__).parent
FIXTURES = pathlib.Path(__file__).parents[5].parent / "shared" / "fixtures" / "rpm-ostree-status"
EXPECTED: dict[str, dict[str, t.Any]] = yaml.safe_load((HERE / "expected-status.yml").read_text(encoding="utf-8"))

recorded = pytest.mark.skipif(not FIXTURES.is_dir(), reason=f"no recorded status documents in {FIXTURES}")


@recorded
def test_every_document_has_expectations() -> None:
    assert {str(path.relative_to(FIXTURES)) for path in FIXTURES.rglob("*.json")} == set(EXPECTED)


@recorded
@pytest.mark.parametrize("name", EXPECTED)
def test_document(name: str) -> None:
    read = parse.status((FIXTURES / name).read_text(encoding="utf-8"))
    expected = EXPECTED[name]
    facts = host_facts(read)
    assert {key: facts[key] for key in ("booted", "staged", "pending", "rollback", "pinned")} == {
        key: expected[key] for key in ("booted", "staged", "pending", "rollback", "pinned")
    }
    assert facts["reboot_needed"] is expected["reboot"]
    assert facts["reboot_reason"]
    if "driver" in expected:
        assert (read.driver and [read.driver.name, read.driver.unit]) == expected["driver"]
    if "stateroot" in expected:
        assert facts["stateroot"] == expected["stateroot"]
    assert (read.transaction and read.transaction.method) == expected.get("transaction")
    for deployment, said in zip(
        read.deployments, expected.get("deployments", [{}] * len(read.deployments)), strict=True
    ):
        assert {key: SAID[key](deployment) for key in said} == {key: AS_SAID.get(key, same)(said[key]) for key in said}
    # What a module returns must be JSON, and come back the same.
    assert json.loads(json.dumps(facts)) == facts


def same(value: t.Any) -> t.Any:
    return value


def begins(value: str) -> str:
    return value[:12]


SAID: dict[str, t.Callable[[Deployment], t.Any]] = {
    "kind": lambda each: each.origin.kind,
    "origin": lambda each: each.origin.text,
    "custom": lambda each: each.origin.custom,
    "image_digest": lambda each: each.origin.image and each.origin.image.digest,
    "digest": lambda each: each.digest,
    "checksum": lambda each: begins(each.checksum),
    "base": lambda each: begins(each.base.checksum),
    "version": lambda each: each.version,
    "base_version": lambda each: each.base.version,
    "timestamp": lambda each: each.timestamp,
    "layered": lambda each: each.layered,
    "gpg_enabled": lambda each: each.gpg_enabled,
    "unlocked": lambda each: each.unlocked,
    "finalization_locked": lambda each: each.finalization_locked,
    "requested_packages": lambda each: list(each.requested_packages),
    "packages": lambda each: list(each.packages),
    "inactive_packages": lambda each: list(each.inactive_packages),
    "requested_removals": lambda each: list(each.requested_removals),
    "removals": lambda each: [package.nevra for package in each.removals],
    "inactive_removals": lambda each: list(each.inactive_removals),
    "requested_replacements": lambda each: list(each.requested_replacements),
    "replacements": lambda each: [[pair.new.nevra, pair.old.nevra] for pair in each.replacements],
    "inactive_replacements": lambda each: list(each.inactive_replacements),
    "pending_base": lambda each: each.pending_base and [begins(each.pending_base.checksum), each.pending_base.version],
    "signatures": lambda each: [[sig.valid, sig.fingerprint, sig.user] for sig in each.signatures],
}
AS_SAID: dict[str, t.Callable[[t.Any], t.Any]] = {"custom": lambda value: value and tuple(value)}


def test_remote_replacements() -> None:
    """Requested as a list of sources, in effect as a mapping of them to pairs of new and old packages."""
    new, old = (["zincati-0.0.31-1.fc43.x86_64", "zincati", 0, "0.0.31", "1.fc43", "x86_64"] for _each in "no")
    read = host(
        {
            "deployments": [
                {
                    "booted": True,
                    "requested-base-remote-replacements": [["repo=updates", ["zincati"]]],
                    "base-remote-replacements": {"repo=updates": [[new, old]]},
                }
            ]
        }
    )
    for each in (read.default.requested_remote_replacements, read.default.remote_replacements):
        assert [(one.source, one.packages) for one in each] == [("repo=updates", ("zincati",))]


def test_cached_update() -> None:
    said = document({"deployments": [{"booted": True}]})
    said["cached-update"] = {
        "osname": "fedora-coreos",
        "checksum": "c" * 64,
        "version": "43.2",
        "timestamp": 1769000000,
        "origin": "fedora:fedora/x86_64/coreos/stable",
        "gpg-enabled": True,
        "ref-has-new-commit": True,
        "rpm-diff": {"upgraded": [[1, "acl", ["2.3.1-1", "x86_64"], ["2.3.2-1", "x86_64"]]]},
    }
    update = parse.status(json.dumps(said)).cached_update
    assert update is not None
    assert (update.version, update.new_commit, update.deployment) == ("43.2", True, None)


@pytest.mark.parametrize(
    ("origin", "kind", "text"),
    [
        ("fedora:fedora/x86_64/coreos/stable", "ref", "fedora:fedora/x86_64/coreos/stable"),
        ("b" * 64, "checksum", "b" * 64),
        # a rebase to a commit is written with an empty remote
        (":" + "b" * 64, "checksum", "b" * 64),
    ],
)
def test_origin(origin: str, kind: str, text: str) -> None:
    found = host({"deployments": [{"booted": True, "origin": origin}]}).default.origin
    assert (found.kind, found.text) == (kind, text)


@pytest.mark.parametrize(
    "text",
    ["", "not json", "[]", "{}", '{"deployments": null}', '{"deployments": []}', '{"deployments": [{}]}', "null"],
)
def test_what_is_no_status(text: str) -> None:
    with pytest.raises(FleetError, match="rpm-ostree status"):
        parse.status(text)


LAYERED = {"requested-packages": ["htop"], "packages": ["htop"], "base-checksum": "b1", "checksum": "c2"}


@pytest.mark.parametrize(
    ("deployments", "needed", "because"),
    [
        ([{"booted": True}, {}], False, "booted deployment is the default"),
        ([{"staged": True, "version": "2"}, {"booted": True}], True, "a staged deployment, 2"),
        ([{"version": "1"}, {"booted": True}], True, "another deployment, 1"),
        ([{"osname": "other"}, {"booted": True}], True, "another deployment"),
        ([{"staged": True, "finalization-locked": True}, {"booted": True}], False, "is locked"),
        (
            [{"staged": True, **LAYERED}, {"booted": True, "checksum": "b1", "live-replaced": "c2"}],
            False,
            "was applied",
        ),
        # an interrupted application, one that is not the newest, and what cannot be applied
        (
            [
                {"staged": True, **LAYERED},
                {"booted": True, "checksum": "b1", "live-replaced": "c2", "live-inprogress": "c2"},
            ],
            True,
            "a staged deployment",
        ),
        ([{"staged": True, **LAYERED}, {"booted": True, "checksum": "b1", "live-replaced": "c1"}], True, "a staged"),
        (
            [
                {"staged": True, "kernel_arguments": ["debug"], **LAYERED},
                {"booted": True, "kernel_arguments": [], "checksum": "b1", "live-replaced": "c2"},
            ],
            True,
            "a staged",
        ),
        ([{}], False, "none of the deployments"),
    ],
)
def test_whether_a_reboot_changes_what_runs(deployments: list[dict[str, t.Any]], needed: bool, because: str) -> None:
    reboot = host({"deployments": deployments}).reboot
    assert reboot.needed is needed
    assert because in reboot.reason
