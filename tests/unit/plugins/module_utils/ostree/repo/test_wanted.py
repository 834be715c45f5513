# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused without a look at any host."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.repo.wanted import Wanted

UP = {"name": "up", "url": "https://up.example/repo", "gpg_keys": ["/up.gpg"]}
CANARY = {"name": "canary"}


def remote(**changes: t.Any) -> dict[str, t.Any]:
    return {"remotes": [{**UP, **changes}]}


def ref(**options: t.Any) -> dict[str, t.Any]:
    return {"refs": [{**CANARY, **options}]}


REFUSED = {
    "a path that is not absolute": ({"path": "repo"}, "path: 'repo' is no absolute path"),
    "GPG keys without a home": ({"gpg_keys": ["A" * 40]}, "gpg_home: say in which folder"),
    "a key ID that is no fingerprint": ({"gpg_keys": ["A7DAF669BBBC6DE9"], "gpg_home": "/k"}, "is no fingerprint"),
    "an Ed25519 key that is no path": ({"ed25519_keys": ["secret"]}, "ed25519_keys: 'secret' is no absolute path"),
    "fewer deltas than none": ({"static_deltas": -1}, "static_deltas: -1 is no number of commits"),
    "less history than none": ({"prune_depth": -1}, "prune_depth: -1 is no number of commits"),
    "a remote without a key": (remote(gpg_keys=[]), "up has no key to verify its commits with"),
    "keys and no verification": (remote(verify=False), "has keys and verify is false"),
    "a password in the address": (remote(url="https://me:secret@up.example/"), "up: the url has a password in it"),
    "an address of another kind": (remote(url="ftp://up.example"), "does not begin with https://"),
    "a remote's name with a quote": (remote(name='u"p'), "is no name of a remote"),
    "a client certificate alone": (remote(tls_client_certificate="/c.pem"), "go together"),
    "a ref twice": ({"refs": [CANARY, CANARY]}, "refs: canary is listed twice"),
    "a ref with a remote in its name": (ref(name="up:canary"), "'up:canary' is no name of a ref"),
    "a ref that is an option": (ref(name="-x"), "'-x' is no name of a ref"),
    "a ref out of the repository": (ref(name="../../x"), "is no name of a ref"),
    "two sources": (ref(tree="/a", remote="up"), "canary has remote and tree; a ref is at one commit"),
    "absent and a source": (ref(state="absent", tree="/a"), "canary is absent and has tree"),
    "a commit that is none": (ref(commit="abc"), "canary: 'abc' is no commit"),
    "bindings of a commit that is there": (ref(from_ref="x", bindings=["y"]), "bindings goes with tree or tar"),
    "a depth without a remote": (ref(tree="/a", depth=2), "depth goes with remote"),
    "metadata without a key": (ref(tree="/a", metadata={"a=b": "c"}), "'a=b' is no key of metadata"),
    "a promotion of what moves": (
        {"refs": [{**CANARY, "tree": "/a"}, {"name": "stable", "from_ref": "canary"}]},
        "promote it in a task of its own",
    ),
    "more history than is kept": (
        {**remote(), **ref(remote="up", depth=3), "prune_depth": 2},
        "prune_depth: 2 removes commits of canary that its depth 3 gets",
    ),
    "all history, of which some is kept": (
        {**remote(), **ref(remote="up", depth=-1), "prune_depth": 2},
        "prune_depth: 2",
    ),
}


@pytest.mark.parametrize(("options", "sentence"), REFUSED.values(), ids=REFUSED)
def test_refused(options: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(FleetError) as refused:
        Wanted.from_params({"path": "/srv/repo", "mode": "archive", **options})
    assert sentence in refused.value.message
    assert "secret@" not in refused.value.message


def test_a_fingerprint_as_gpg_shows_it() -> None:
    shown = "F207 F231 0EE6 F0FA 0004  92D5 A7DA F669 BBBC 6DE9"
    wanted = Wanted.from_params({"path": "/r", "mode": "archive", "gpg_keys": [shown], "gpg_home": "/k"})
    assert wanted.gpg_keys == ("F207F2310EE6F0FA000492D5A7DAF669BBBC6DE9",)


@pytest.mark.parametrize(
    ("refs", "deltas", "reach"),
    [([], None, 0), ([{"depth": 3}], 1, 3), ([{"depth": 1}], 5, 5), ([{"depth": 3}, {"depth": -1}], 9, -1)],
)
def test_reach(refs: list[dict[str, t.Any]], deltas: int | None, reach: int) -> None:
    named = [{"name": f"r{number}", "remote": "up", **each} for number, each in enumerate(refs)]
    wanted = Wanted.from_params({"path": "/r", "mode": "archive", "refs": named, "static_deltas": deltas})
    assert wanted.reach == reach
