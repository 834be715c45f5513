# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input on real repositories: one sentence, and nothing is touched."""

from __future__ import annotations

import os
import subprocess
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError

from .conftest import CANARY, STABLE, Keys, Repo, call, write


@pytest.fixture
def published(repo: Repo, tree: Path, keys: Keys) -> Repo:
    repo.module(refs=[{"name": CANARY, "tree": str(tree)}], **keys.gpg)
    return repo


def refused(repo: Repo, **options: t.Any) -> str:
    """The sentence, the same in check mode and in a run. The repository stays as it is."""
    before = repo.state()
    sentences = set()
    for check in (True, False):
        with pytest.raises(FleetError) as error:
            repo.module(check=check, **options)
        sentences.add(error.value.message)
    assert repo.state() == before
    (sentence,) = sentences
    return sentence


def test_a_ref_nobody_has(published: Repo, keys: Keys, work: Path) -> None:
    assert f"from_ref {STABLE} is not in" in refused(published, refs=[{"name": "x", "from_ref": STABLE}])
    assert "there is no ref nobody/has" in refused(published, refs=[{"name": "nobody/has"}])
    assert "is not in" in refused(published, refs=[{"name": CANARY, "commit": "0" * 64}])
    assert "there is no remote up; declare it" in refused(published, refs=[{"name": CANARY, "remote": "up"}])
    remote = {"name": "up", "url": f"file://{published.path}", "gpg_keys": [str(keys.public)]}
    mirror = Repo(work / "mirror", remotes=[remote])
    sentence = refused(mirror, refs=[{"name": STABLE, "remote": "up"}])
    assert sentence.startswith(f"refs: {STABLE} cannot be mirrored from the remote up (")
    assert not mirror.path.exists()


def test_a_key_that_does_not_fit(published: Repo, foreign: Keys, work: Path, tree: Path) -> None:
    remote = {"name": "up", "url": f"file://{published.path}", "gpg_keys": [str(foreign.public)]}
    mirror = Repo(work / "mirror", remotes=[remote])
    assert "cannot be mirrored" in refused(mirror, refs=[{"name": CANARY, "remote": "up"}])
    assert not mirror.path.exists()

    nobody = {"gpg_keys": ["0123456789" * 4], "gpg_home": str(foreign.home)}
    assert "there is no secret key 0123456789" in refused(published, refs=[{"name": CANARY}], **nobody)

    rsa = work / "rsa.pem"
    call("openssl", "genpkey", "-algorithm", "rsa", "-out", rsa)
    for path in (rsa, tree / "usr" / "bin" / "tool", work / "none.pem"):
        sentence = refused(published, refs=[{"name": CANARY}], ed25519_keys=[str(path)])
        assert f"{path} of localhost is no Ed25519 secret key" in sentence


def test_not_a_repository(tree: Path) -> None:
    for path in (tree, tree / "usr" / "bin" / "tool"):
        assert "is there and is no OSTree repository" in refused(Repo(path))


def test_a_tree_that_is_not_there(published: Repo, work: Path) -> None:
    sentence = refused(published, refs=[{"name": CANARY, "tree": str(work / "none")}])
    assert "its files cannot be committed (" in sentence


def test_an_object_that_is_broken(published: Repo) -> None:
    commit = published.tip(CANARY)
    (published.path / "objects" / commit[:2] / f"{commit[2:]}.commit").write_bytes(b"nothing")
    assert "ostree fsck" in refused(published, refs=[{"name": CANARY}])


@pytest.fixture
def small_disk(work: Path) -> Iterator[Path]:
    """A file system of its own, with little room."""
    path = work / "disk"
    path.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounts belong to root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,mode=755", "tmpfs", str(path)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounts are not permitted here")
    yield path
    call("umount", path)


def test_a_full_disk(small_disk: Path, tree: Path, keys: Keys) -> None:
    repo = Repo(small_disk / "repo", **keys.gpg)
    repo.module(refs=[{"name": CANARY, "tree": str(tree)}])
    filler = small_disk / "filler"
    write(tree, **{"lib/version": "2"})
    wanted = {"refs": [{"name": CANARY, "tree": str(tree)}]}

    # Full before anything is begun.
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    filler.write_bytes(b"\0" * (free - 64 * 1024))
    assert "is full" in refused(repo, **wanted)

    # Full on the way: whichever step finds no room, clients find what was there before.
    call("ostree", "config", f"--repo={repo.path}", "set", "core.min-free-space-percent", "0")
    tip = repo.tip(CANARY)
    big = os.urandom(100_000).hex()
    write(tree, **{"lib/big": big})
    for room in (0, 4, 16, 48):
        filler.unlink()
        free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        filler.write_bytes(b"\0" * (free - room * 1024))
        with pytest.raises(FleetError):
            repo.module(**wanted)
        repo.ostree("fsck", "--quiet")
        pulled(repo, keys, tip, small_disk.parent / f"client-{room}")

    filler.unlink()
    repo.module(**wanted)
    pulled(repo, keys, repo.tip(CANARY), small_disk.parent / "client")


def pulled(repo: Repo, keys: Keys, commit: str, client: Path) -> None:
    """A client that verifies everything gets this commit."""
    call("ostree", "init", f"--repo={client}", "--mode=bare-user-only")
    settings = ("--set=gpg-verify=true", "--set=gpg-verify-summary=true", f"--set=gpgkeypath={keys.public}")
    call("ostree", "remote", "add", f"--repo={client}", *settings, "fleet", f"file://{repo.path}")
    call("ostree", "pull", f"--repo={client}", "fleet", CANARY)
    assert call("ostree", "rev-parse", f"--repo={client}", f"fleet:{CANARY}") == commit
