# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every case of cases.yml: a repository and what is wanted of it give these steps in check mode, or this refusal."""

from __future__ import annotations

import base64
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed, File, Source
from ansible_collections.evergreen.fleet.plugins.modules import ostree_repo

from .build import commit_object, signatures_file, summary_file

Case = dict[str, t.Any]
CASES: list[Case] = yaml.safe_load((Path(__file__).parent / "cases.yml").read_text(encoding="utf-8"))
REPO = "/srv/repo"
KEY = base64.b64encode(bytes.fromhex("302a300506032b6570032100") + b"k" * 32).decode()


def checksum(letter: str) -> str:
    return letter * 64


def spelled(text: str) -> str:
    for letter in "abc":
        text = text.replace("{" + letter + "}", checksum(letter))
    return text


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


class FakeHost:
    """A Node whose scripts answer from the state of a case. Nothing may be changed."""

    name = "mirror"

    def __init__(self, case: Case) -> None:
        self.state = case["state"]
        self.remote = case.get("remote", {})
        self.tree = case.get("tree", {})
        self.round_trips = 0

    def gather(self, wanted: t.Mapping[str, Source]) -> dict[str, Completed | File | None]:
        self.round_trips += 1
        return {name: self._answer(name, source) for name, source in wanted.items()}

    def _answer(self, name: str, source: Source) -> Completed | File | None:
        if name == "config":
            return File(self._config().encode(), 0o644, "root", "root")
        if name == "state":
            return Completed(tuple(source), 0, "\n".join(self._read(source[6].splitlines(), source[7:])) + "\n", "")
        if name == "garbage":
            return Completed((), 0, "garbage " + " ".join(map(str, self.state["garbage"])) + "\n", "")
        if name in self.tree:
            assert source[4] == "archive"
            return Completed((), 0, f"commit {checksum('f')} {encoded(commit_object(tree=self.tree[name]))}\n", "")
        assert name in ("ostree", "openssl") or name.startswith("gpg "), name
        return Completed(tuple(source), 0, "", "")

    def run(self, argv: t.Sequence[str], stdin: bytes | None = None, **_more: t.Any) -> Completed:
        """Only the look at remotes is a run: it has something to read."""
        self.round_trips += 1
        assert stdin is not None
        assert b'[remote "up"]' in stdin
        lines = []
        for name, chain in self.remote.items():
            lines += [f"found {name} {checksum(letter)}" for letter in chain]
            lines.append(f"commit {checksum(chain[0])} {encoded(self._commit(chain[0]))}")
        return Completed(tuple(argv), 0, "\n".join(lines) + "\n", "")

    def _config(self) -> str:
        config = "[core]\nrepo_version=1\nmode=archive-z2\n"
        if "collection" in self.state:
            config += f"collection-id={self.state['collection']}\n"
        return config + "".join(
            f'\n[remote "{name}"]\nurl=https://up.example\n' for name in self.state.get("remotes", [])
        )

    def _commit(self, letter: str) -> bytes:
        tree = self.state.get("trees", {}).get(letter, letter)
        return commit_object(tree, timestamp=ord(letter), bindings=self.state.get("bindings", {}).get(letter))

    def _read(self, secrets: t.Sequence[str], revisions: t.Sequence[str]) -> t.Iterator[str]:
        refs: dict[str, str] = self.state["refs"]
        chains = {**refs, **{checksum(letter): [letter] for letter in self.state.get("commits", [])}}
        for number, _path in enumerate(secrets):
            yield f"public {number} {KEY}"
        yield "kind repository"
        for name, chain in refs.items():
            yield f"ref {name} {checksum(chain[0])}"
        for revision in revisions:
            for letter in chains.get(revision, ()):
                yield f"chain {revision} {checksum(letter)}"
            for letter in chains.get(revision, ())[:1]:
                yield f"commit {checksum(letter)} {encoded(self._commit(letter))}"
        for name, paths in self.state.get("signed", {}).items():
            place = name if name == "summary" else checksum(name)
            signature = b"s" * 64
            yield f"would {place} {secrets.index(paths[0])} {encoded(signature)}"
            yield f"meta {place} {encoded(signatures_file(signature))}"
        deltas = [spelled(name) for name in self.state.get("deltas", [])]
        summary = self.state.get("summary", {name: chain[0] for name, chain in refs.items()})
        listed = {name: checksum(letter) for name, letter in summary.items()}
        yield f"summary {encoded(summary_file(listed, deltas, self.state.get('collection')))}"
        yield from (f"delta {name}" for name in deltas)
        total, free = self.state.get("room", (1000, 500))
        yield f"room {total} {free}"


def params(wanted: Case) -> dict[str, t.Any]:
    refs = [
        {**each, "commit": spelled(each["commit"])} if "commit" in each else each for each in wanted.get("refs", [])
    ]
    given = {"path": REPO, **wanted, "refs": refs}
    return _defaults(ostree_repo.ARGUMENT_SPEC, given)


def _defaults(spec: t.Mapping[str, t.Any], given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    full = {name: given.get(name, option.get("default")) for name, option in spec.items()}
    for name, option in spec.items():
        if "options" in option and full[name]:
            full[name] = [_defaults(option["options"], each) for each in full[name]]
    return full


def line(step: t.Mapping[str, t.Any]) -> str:
    if "argv" in step:
        return " ".join(step["argv"])
    return f"write {step['write']}" if "write" in step else f"sign {step['sign']}"


@pytest.mark.parametrize("case", [each for each in CASES if "steps" in each], ids=lambda case: case["title"])
def test_steps(case: Case) -> None:
    host = FakeHost(case)
    result = ostree_repo.run(host, params(case["wanted"]), check=True)
    expected = [spelled(each) for each in case["steps"]]
    assert [line(step) for step in result["steps"]] == expected
    assert all(step["reason"] for step in result["steps"])
    assert result["changed"] is bool(expected)
    if not expected:
        assert result["diff"]["before"] == result["diff"]["after"]


@pytest.mark.parametrize("case", [each for each in CASES if "error" in each], ids=lambda case: case["title"])
def test_refused(case: Case) -> None:
    with pytest.raises(FleetError) as refused:
        ostree_repo.run(FakeHost(case), params(case["wanted"]), check=False)
    assert case["error"] in refused.value.message


def test_nothing_to_do_is_one_round_trip() -> None:
    host = FakeHost(next(case for case in CASES if case["title"] == "all is signed"))
    ostree_repo.run(host, params({"refs": [{"name": "canary"}], "ed25519_keys": ["/keys/ed25519"]}), check=False)
    assert host.round_trips == 1
