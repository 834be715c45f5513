# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What clients take over TLS, and what they refuse."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from .conftest import CANARY, MIRROR, Client, Keys, Repo, Web, call, write

GPG = {"gpg_verify": "true", "gpg_verify_summary": "true"}


def ed25519_missing() -> bool:
    done = subprocess.run(["ostree", "--version"], capture_output=True, text=True, check=False)
    return "sign-ed25519" not in done.stdout.split()


def commit(repo: Repo, tree: Path, version: str, **options: object) -> str:
    write(tree, **{"lib/version": version})
    repo.module(refs=[{"name": CANARY, "tree": str(tree), "metadata": {"version": version}}], **options)
    return repo.tip(CANARY)


def traffic(web: Web, pause: int = 60) -> list[dict[str, object]]:
    report = call("awk", "-v", f"pause={pause}", "-f", MIRROR / "files" / "traffic.awk", web.log)
    found = json.loads(report)
    assert isinstance(found, list)
    return found


def test_signed_with_gpg(repo: Repo, tree: Path, keys: Keys, foreign: Keys, web: Web, work: Path) -> None:
    client = Client(work / "client", web, gpgkeypath=str(keys.public), **GPG)
    first = commit(repo, tree, "1", **keys.gpg)
    assert client.pull(CANARY).returncode == 0
    assert client.has(CANARY) == first

    # Not signed at all: past the module, as an intruder on the mirror would.
    call("ostree", "commit", f"--repo={repo.path}", f"--branch={CANARY}", f"--tree=dir={tree}", "--subject=unsigned")
    repo.module(refs=[], **keys.gpg)
    refused = client.pull(CANARY)
    assert refused.returncode != 0
    assert client.has(CANARY) == first

    # Signed by somebody else, who has also signed the summary.
    repo.module(refs=[{"name": CANARY}], **foreign.gpg)
    assert client.pull(CANARY).returncode != 0
    assert client.has(CANARY) == first

    # The same commit with our signature.
    repo.module(refs=[{"name": CANARY}], **keys.gpg)
    assert client.pull(CANARY).returncode == 0
    assert client.has(CANARY) == repo.tip(CANARY)


@pytest.mark.skipif(ed25519_missing(), reason="this machine's ostree was built without Ed25519")
def test_signed_with_ed25519(repo: Repo, tree: Path, keys: Keys, foreign: Keys, web: Web, work: Path) -> None:
    made = repo.module(ed25519_keys=[str(keys.ed25519)])
    public = work / "public"
    public.write_text(made["ed25519_public_keys"][str(keys.ed25519)] + "\n")
    verify = {"sign_verify": "ed25519", "sign_verify_summary": "ed25519", "verification_ed25519_file": str(public)}
    client = Client(work / "client", web, gpg_verify="false", **verify)
    first = commit(repo, tree, "1", ed25519_keys=[str(keys.ed25519)])
    assert client.pull(CANARY).returncode == 0
    call("ostree", "commit", f"--repo={repo.path}", f"--branch={CANARY}", f"--tree=dir={tree}", "--subject=unsigned")
    repo.module(refs=[], ed25519_keys=[str(keys.ed25519)])
    assert client.pull(CANARY).returncode != 0
    repo.module(refs=[{"name": CANARY}], ed25519_keys=[str(foreign.ed25519)])
    assert client.pull(CANARY).returncode != 0
    assert client.has(CANARY) == first
    repo.module(refs=[{"name": CANARY}], ed25519_keys=[str(keys.ed25519)])
    assert client.pull(CANARY).returncode == 0


def test_caching_and_what_is_not_served(repo: Repo, tree: Path, keys: Keys, web: Web) -> None:
    first = commit(repo, tree, "1", static_deltas=1, **keys.gpg)
    second = commit(repo, tree, "2", static_deltas=1, **keys.gpg)
    delta = next(path.relative_to(repo.path) for path in (repo.path / "deltas").rglob("superblock"))
    place = f"/objects/{second[:2]}/{second[2:]}"
    assert first != second
    for path, cached in {
        f"{place}.commit": "public, max-age=31536000, immutable",
        f"{place}.commitmeta": "no-cache",
        "/summary": "no-cache",
        "/summary.sig": "no-cache",
        f"/refs/heads/{CANARY}": "no-cache",
        f"/{delta}": "no-cache",
        "/config": "no-cache",
    }.items():
        answer = web.head(path)
        assert (answer["status"], answer["cache-control"]) == ("200", cached), path
    assert "remote" not in web.head("/config")["body"]
    for path in ("/", "/.lock", "/extensions/evergreen.fleet/current/summary", "/tmp/", "/state/"):  # noqa: S108
        assert web.head(path)["status"] == "404", path
    missing = web.head("/objects/00/" + "0" * 62 + ".commit")
    assert missing["status"] == "404"
    assert "cache-control" not in missing


def test_traffic(repo: Repo, tree: Path, keys: Keys, web: Web, work: Path) -> None:
    client = Client(work / "client", web, gpgkeypath=str(keys.public), **GPG)
    first = commit(repo, tree, "1", static_deltas=1, **keys.gpg)
    assert client.pull(CANARY).returncode == 0
    (report,) = traffic(web)
    assert report["client"] == "127.0.0.1"
    (update,) = report["updates"]
    assert update["commits"] == [first]
    # The commit, its root, two folders, their one set of attributes, three files, and its signature.
    assert update["objects"] == len(list((repo.path / "objects").rglob("*.*")))
    assert report["bytes"] == sum(int(line.split()[3]) for line in web.log.read_text().splitlines())

    web.log.write_text("")
    second = commit(repo, tree, "2", static_deltas=1, **keys.gpg)
    assert client.pull(CANARY).returncode == 0
    (report,) = traffic(web)
    assert report["updates"][0]["delta_files"] >= 1
    assert second in report["updates"][0]["commits"]

    web.log.write_text("")
    assert client.pull(CANARY).returncode == 0
    (report,) = traffic(web)
    assert (report["objects"] - len(report["updates"]), report["delta_files"]) == (0, 0)
