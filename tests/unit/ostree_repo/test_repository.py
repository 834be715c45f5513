# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module on real repositories."""

from __future__ import annotations

import ast
import base64
from pathlib import Path

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError

from .conftest import CANARY, STABLE, Keys, Repo, Result, call, write


def verbs(result: Result) -> list[str]:
    """What the steps do, in a word each."""
    words = []
    for step in result["steps"]:
        argv = step.get("argv", [])
        words.append("again" if argv[:1] == ["sh"] else argv[1] if argv else next(iter(step)))
    return words


def test_a_tree_is_committed_signed_and_published_once(repo: Repo, tree: Path, keys: Keys) -> None:
    wanted = {"refs": [{"name": CANARY, "tree": str(tree), "metadata": {"version": "1"}}], **keys.gpg}
    wanted |= {"ed25519_keys": [str(keys.ed25519)], "static_deltas": 1, "prune_depth": 1}

    predicted = repo.module(check=True, **wanted)
    assert not repo.path.exists()
    assert verbs(predicted) == ["init", "commit", "gpg-sign", "sign", "write"]

    made = repo.module(**wanted)
    assert verbs(made) == verbs(predicted)
    assert made["ed25519_public_keys"] == predicted["ed25519_public_keys"]
    assert set(made["ed25519_public_keys"]) == {str(keys.ed25519)}
    # Only the checksum of the new commit was not known before: it went by the name of the ref.
    after = made["diff"]["after"]
    assert (predicted["diff"]["after"]["refs"], after["refs"]) == ({CANARY: CANARY}, {CANARY: repo.tip(CANARY)})
    assert after["signed"].pop(repo.tip(CANARY)) == predicted["diff"]["after"]["signed"].pop(CANARY)
    assert {**after, "refs": {}} == {**predicted["diff"]["after"], "refs": {}}
    ref = made["refs"][0]
    assert ref["commit"] == repo.tip(CANARY)
    assert ref["version"] == "1"
    assert ref["signed_by"] == sorted([keys.fingerprint, str(keys.ed25519)])
    before = repo.state()
    for check in (True, False):
        again = repo.module(check=check, **wanted)
        assert not again["changed"], again["steps"]
        assert again["diff"]["before"] == again["diff"]["after"]
    assert repo.state() == before

    write(tree, **{"bin/tool": "2\n"})
    changed = repo.module(**wanted)
    assert verbs(changed) == ["commit", "gpg-sign", "sign", "static-delta", "write"]
    assert changed["static_deltas"] == [f"{ref['commit']}-{repo.tip(CANARY)}"]
    assert not repo.module(**wanted)["changed"]

    write(tree, **{"bin/tool": "3\n"})
    pruned = repo.module(**wanted)
    assert verbs(pruned) == ["commit", "gpg-sign", "sign", "static-delta", "write", "static-delta", "write", "prune"]
    assert pruned["unreachable"]["commits"] == 1
    assert pruned["unreachable"]["objects"] >= 4
    assert not repo.module(**wanted)["changed"]
    repo.ostree("fsck", "--quiet")


@pytest.fixture
def canary(repo: Repo, tree: Path) -> Result:
    """A canary that may become stable."""
    return repo.module(refs=[{"name": CANARY, "tree": str(tree), "bindings": [STABLE], "metadata": {"version": "1"}}])


def test_promoted_is_the_same_commit(repo: Repo, tree: Path, canary: Result, work: Path) -> None:
    wanted = {"refs": [{"name": STABLE, "from_ref": CANARY}], "static_deltas": 1}
    assert verbs(repo.module(check=True, **wanted)) == ["refs", "write"]
    assert repo.module(**wanted)["refs"][0]["commit"] == canary["refs"][0]["commit"]
    assert not repo.module(**wanted)["changed"]
    first = repo.tip(STABLE)
    for version in ("2", "3"):
        write(tree, **{"bin/tool": version})
        repo.module(refs=[{"name": CANARY, "tree": str(tree), "bindings": [STABLE]}])
    promoted = repo.module(**wanted)
    # From where the clients are, and from the commit before.
    assert f"{first}-{repo.tip(CANARY)}" in promoted["static_deltas"]
    assert f"{repo.tip(CANARY + '^')}-{repo.tip(CANARY)}" in promoted["static_deltas"]
    assert not repo.module(**wanted)["changed"]
    client = work / "client"
    call("ostree", "init", f"--repo={client}", "--mode=bare-user-only")
    call("ostree", "remote", "add", f"--repo={client}", "--no-gpg-verify", "r", f"file://{repo.path}")
    call("ostree", "pull", f"--repo={client}", "r", STABLE)


def test_back_only_when_it_is_meant(repo: Repo, tree: Path, canary: Result) -> None:
    first = canary["refs"][0]["commit"]
    call(
        "ostree", "commit", f"--repo={repo.path}", f"--branch={CANARY}", f"--tree=dir={tree}", "--timestamp=@4000000000"
    )
    before = repo.state()
    with pytest.raises(FleetError, match="allow_older"):
        repo.module(refs=[{"name": CANARY, "commit": first}])
    assert repo.state() == before
    repo.module(refs=[{"name": CANARY, "commit": first, "allow_older": True}])
    assert repo.tip(CANARY) == first


def test_rebound_is_the_same_tree(repo: Repo, tree: Path) -> None:
    repo.module(refs=[{"name": CANARY, "tree": str(tree)}])
    call("ostree", "commit", f"--repo={repo.path}", f"--branch={CANARY}", f"--tree=dir={tree}", "--subject=n",
         "--add-metadata=number=uint32 7", "--add-metadata=list=[('a', @ms nothing), ('b', just 'x')]")  # fmt: skip
    wanted = {"refs": [{"name": STABLE, "from_ref": CANARY}]}
    with pytest.raises(FleetError, match="is bound to fleet/x86_64/canary, so clients"):
        repo.module(**wanted)
    wanted["refs"][0] |= {"rebind": True}
    made = repo.module(**wanted)
    assert verbs(made) == ["again", "write"]
    assert made["refs"][0]["bindings"] == [STABLE]
    assert repo.tip(STABLE) != repo.tip(CANARY)
    for key in ("number", "list"):
        shown = [repo.ostree("show", f"--print-metadata-key={key}", ref) for ref in (STABLE, CANARY)]
        assert shown[0] == shown[1]
    assert not repo.module(**wanted)["changed"]


def test_texts_survive_a_rebind(repo: Repo, tree: Path) -> None:
    metadata = {"version": "7", "note": 'it\'s $HOME; "quoted" - ü'}
    repo.module(refs=[{"name": CANARY, "tree": str(tree), "metadata": metadata, "subject": "a 'subject'"}])
    repo.module(refs=[{"name": STABLE, "from_ref": CANARY, "rebind": True}])
    again = repo.module(refs=[{"name": STABLE, "tree": str(tree), "metadata": metadata}])
    assert not again["changed"]


def test_mirror(repo: Repo, tree: Path, keys: Keys, work: Path) -> None:
    for version in "123":
        write(tree, **{"lib/version": version})
        repo.module(refs=[{"name": CANARY, "tree": str(tree)}], **keys.gpg)
    remote = {"name": "up", "url": f"file://{repo.path}", "gpg_keys": [str(keys.public)]}
    wanted = {"remotes": [remote], "refs": [{"name": CANARY, "remote": "up", "depth": 1}]}
    mirror = Repo(work / "mirror")
    predicted = mirror.module(check=True, **wanted)
    assert not mirror.path.exists()
    assert predicted["refs"][0]["name"] == CANARY
    made = mirror.module(**wanted)
    assert verbs(made) == verbs(predicted) == ["init", "write", "pull", "write"]
    assert mirror.tip(CANARY) == repo.tip(CANARY)
    assert mirror.tip(CANARY + "^") == repo.tip(CANARY + "^")
    assert not mirror.module(**wanted)["changed"]
    # More history than is there: all of it, once.
    wanted["refs"][0]["depth"] = 9
    assert mirror.module(**wanted)["changed"]
    assert not mirror.module(**wanted)["changed"]
    # A key of our own beside that of the remote.
    assert verbs(mirror.module(ed25519_keys=[str(keys.ed25519)], **wanted)) == ["sign", "write"]
    assert not mirror.module(ed25519_keys=[str(keys.ed25519)], **wanted)["changed"]
    mirror.ostree("fsck", "--quiet")


def test_ed25519_is_what_openssl_says(repo: Repo, tree: Path, keys: Keys, work: Path) -> None:
    made = repo.module(refs=[{"name": CANARY, "tree": str(tree)}], ed25519_keys=[str(keys.ed25519)], **keys.gpg)
    shown = repo.ostree("show", "--print-detached-metadata-key=ostree.sign.ed25519", CANARY)
    # GVariant's text is "[[byte 0x12, 0x34]]", but "[b'4']" when the last of the bytes happens to be zero.
    (octets,) = ast.literal_eval(shown.replace("byte ", ""))
    signature = work / "signature"
    signature.write_bytes(octets + b"\0" if isinstance(octets, bytes) else bytes(octets))
    commit = repo.tip(CANARY)
    public = work / "public.pem"
    call("openssl", "pkey", "-in", keys.ed25519, "-pubout", "-out", public)
    verify = ("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-sigfile", signature)
    call(*verify, "-in", repo.path / "objects" / commit[:2] / f"{commit[2:]}.commit")
    # The GPG signature is still there, and the key that ostree itself would read is the same key.
    assert made["refs"][0]["signed_by"] == sorted([keys.fingerprint, str(keys.ed25519)])
    seed = call("sh", "-c", 'openssl pkey -in "$0" -outform DER | tail -c 32 | base64 -w0', keys.ed25519)
    plain = work / "secret"
    public_key = base64.b64decode(made["ed25519_public_keys"][str(keys.ed25519)])
    plain.write_bytes(base64.b64encode(base64.b64decode(seed) + public_key))
    again = repo.module(refs=[{"name": CANARY}], ed25519_keys=[str(plain)], **keys.gpg)
    assert not again["changed"]


def test_summary_and_signatures_change_together(repo: Repo, tree: Path, keys: Keys) -> None:
    # As somebody made them who does not know us.
    call("ostree", "init", f"--repo={repo.path}", "--mode=archive")
    call("ostree", "commit", f"--repo={repo.path}", f"--branch={CANARY}", f"--tree=dir={tree}")
    call("ostree", "summary", f"--repo={repo.path}", "-u")
    repo.module(refs=[{"name": CANARY}], **keys.gpg)
    links = [repo.path / name for name in ("summary", "summary.sig")]
    assert [link.resolve().parent for link in links] == [links[0].resolve().parent] * 2
    folders = list((repo.path / "extensions" / "evergreen.fleet").glob("summary.*"))
    assert folders == [links[0].resolve().parent]
    # Somebody else writes it again, which removes the signatures.
    call("ostree", "summary", f"--repo={repo.path}", "-u")
    assert verbs(repo.module(refs=[{"name": CANARY}], **keys.gpg)) == ["write"]
    assert not repo.module(refs=[{"name": CANARY}], **keys.gpg)["changed"]


def test_tar_collection_and_removal(repo: Repo, tree: Path, work: Path) -> None:
    tar = work / "tree.tar"
    call("tar", "--create", "--file", tar, "--directory", tree, ".")
    wanted = {"refs": [{"name": CANARY, "tar": str(tar), "root_owned": True}], "collection_id": "org.example.Fleet"}
    assert verbs(repo.module(**wanted)) == ["init", "write", "commit", "write"]
    assert not repo.module(**wanted)["changed"]
    write(tree, **{"bin/tool": "2\n"})
    call("tar", "--create", "--file", tar, "--directory", tree, ".")
    assert verbs(repo.module(prune_depth=0, **wanted)) == ["commit", "write", "prune"]
    assert not repo.module(prune_depth=0, **wanted)["changed"]
    assert repo.ostree("show", "--print-metadata-key=ostree.collection-binding", CANARY) == "'org.example.Fleet'"
    gone = repo.module(refs=[{"name": CANARY, "state": "absent"}], prune_depth=0)
    assert verbs(gone) == ["refs", "write", "prune"]
    # libostree's own, for repositories with a collection ID.
    assert repo.ostree("refs") == "ostree-metadata"
    assert not repo.module(prune_depth=0)["changed"]


@pytest.mark.parametrize("mode", ["bare", "bare-user", "bare-user-only"])
def test_modes(repo: Repo, tree: Path, mode: str) -> None:
    wanted = {"mode": mode, "refs": [{"name": CANARY, "tree": str(tree)}], "prune_depth": 0}
    assert verbs(repo.module(**wanted)) == ["init", "commit", "write"]
    write(tree, **{"bin/tool": "2\n"})
    assert verbs(repo.module(**wanted)) == ["commit", "write", "prune"]
    assert not repo.module(**wanted)["changed"]
    with pytest.raises(FleetError, match=f"mode: .* is a repository of mode {mode}, and that never changes"):
        repo.module(**{**wanted, "mode": "archive"})


def test_a_delta_outlives_the_commit_it_starts_from(repo: Repo, tree: Path) -> None:
    wanted = {"refs": [{"name": CANARY, "tree": str(tree)}], "static_deltas": 1, "prune_depth": 0}
    first = repo.module(**wanted)["refs"][0]["commit"]
    write(tree, **{"bin/tool": "2\n"})
    made = repo.module(**wanted)
    assert verbs(made) == ["commit", "static-delta", "write", "prune"]
    assert made["static_deltas"] == [f"{first}-{repo.tip(CANARY)}"]
    again = repo.module(**wanted)
    assert not again["changed"], again["steps"]


def test_what_ostree_never_removes_is_no_garbage(repo: Repo, tree: Path, keys: Keys) -> None:
    wanted = {"refs": [{"name": CANARY, "tree": str(tree)}], "prune_depth": 0, **keys.gpg}
    repo.module(**wanted)
    (signatures,) = repo.path.glob("objects/*/*.commitmeta")
    # A pull that is killed leaves signatures without their commit, and a signing that is killed its unfinished file.
    for left in (signatures.parent / f"{62 * '0'}.commitmeta", signatures.parent / ".evergreen.unfinished"):
        left.write_bytes(signatures.read_bytes())
    again = repo.module(**wanted)
    assert not again["changed"], again["steps"]
    # Together with their commit they go, and are counted.
    write(tree, **{"bin/tool": "2\n"})
    pruned = repo.module(**wanted)
    assert not signatures.exists()
    assert (pruned["unreachable"]["commits"], pruned["unreachable"]["bytes"] > 0) == (1, True)
    assert not repo.module(**wanted)["changed"]


def test_an_incomplete_commit_that_is_kept(repo: Repo, tree: Path) -> None:
    wanted = {"refs": [{"name": CANARY, "tree": str(tree)}], "prune_depth": 1}
    old = repo.module(**wanted)["refs"][0]["commit"]
    # In its listing the file comes before folders and files that only this commit has.
    tool = repo.ostree("ls -C", old, "/usr/bin/tool").split()[4]
    write(tree, **{"bin/tool": "2\n", "lib/os-release": "ID=other\n"})
    repo.module(**wanted)
    # What is left of a pull that was killed.
    (repo.path / "state" / f"{old}.commitpartial").touch()
    (repo.path / "objects" / tool[:2] / f"{tool[2:]}.filez").unlink()
    again = repo.module(**wanted)
    assert not again["changed"], again["steps"]
    write(tree, **{"bin/tool": "3\n"})
    assert verbs(repo.module(**wanted)) == ["commit", "write", "prune"]
    assert not repo.module(**wanted)["changed"]
    assert not (repo.path / "state" / f"{old}.commitpartial").exists()
    repo.ostree("fsck", "--quiet")
