# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mirror run that is killed at any moment leaves a mirror that clients can use."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
import typing as t
import uuid
from pathlib import Path

import pytest

from .conftest import CANARY, Client, Keys, Repo, Web, call, write

KILLS = 20
FILES = 20


@pytest.fixture
def upstream(work: Path) -> Repo:
    return Repo(work / "upstream")


def release(upstream: Repo, tree: Path, keys: Keys, number: int) -> str:
    """A new commit of the upstream, in which a quarter of the files are others."""
    rng = random.Random(number)  # noqa: S311 - content, not a secret
    for each in range(FILES):
        if number == 0 or each % 4 == number % 4:
            write(tree, **{f"lib/{each}": rng.randbytes(20_000).hex()})
    signer = (f"--gpg-sign={keys.fingerprint}", f"--gpg-homedir={keys.home}")
    options = (f"--branch={CANARY}", f"--tree=dir={tree}", f"--timestamp=@{1700000000 + number}", *signer)
    call("ostree", "commit", f"--repo={upstream.path}", *options)
    call("ostree", "summary", f"--repo={upstream.path}", "--update")
    return upstream.tip(CANARY)


def killed(run: t.Callable[[], object], wait: float) -> None:
    """Run it in a process of its own, and after so many seconds kill that and every process that it has started."""
    mark = f"EVERGREEN_VICTIM={uuid.uuid4()}"
    process = os.fork()
    if process == 0:
        name, _equals, value = mark.partition("=")
        os.environ[name] = value
        with contextlib.suppress(BaseException):
            run()
        os._exit(0)
    time.sleep(wait)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    while victims := list(marked(mark.encode())):
        for victim in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        time.sleep(0.01)


def marked(mark: bytes) -> t.Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # A process that has ended and is not waited for has an empty one.
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name)


def test_killed_at_any_moment(
    repo: Repo, upstream: Repo, tree: Path, keys: Keys, web: Web, work: Path, free_port: t.Callable[[], int]
) -> None:
    call("ostree", "init", f"--repo={upstream.path}", "--mode=archive")
    call("ostree", "config", f"--repo={upstream.path}", "set", "core.fsync", "false")
    folder = work / "upstream-web"
    folder.mkdir()
    source = Web(folder, upstream.path, free_port())
    remote = {"name": "up", "url": source.url, "gpg_keys": [str(keys.public)], "tls_ca": str(source.ca)}
    wanted: dict[str, t.Any] = {"remotes": [remote], "refs": [{"name": CANARY, "remote": "up", "depth": 1}]}
    wanted |= {"static_deltas": 1, "prune_depth": 1, "ed25519_keys": [str(keys.ed25519)], **keys.gpg}
    verify = {"gpg_verify": "true", "gpg_verify_summary": "true", "gpgkeypath": str(keys.public)}
    try:
        releases = [release(upstream, tree, keys, 0)]
        repo.module(**wanted)
        releases.append(release(upstream, tree, keys, 1))
        started = time.monotonic()
        repo.module(**wanted)
        whole = time.monotonic() - started
        seen = releases[-1]
        outcomes = set()
        for number in range(KILLS):
            releases.append(release(upstream, tree, keys, number + 2))
            killed(lambda: repo.module(**wanted), whole * (number + 0.5) / KILLS)
            client = Client(work / f"client-{number}", web, **verify)
            done = client.pull(CANARY)
            assert done.returncode == 0, done.stderr
            # Never back, and never something that the upstream has not released.
            assert releases.index(client.has(CANARY)) >= releases.index(seen)
            outcomes.add(client.has(CANARY) == releases[-1])
            seen = client.has(CANARY)
        # The first ones hit a run that had published nothing yet.
        assert False in outcomes
        final = repo.module(**wanted)
        assert final["refs"][0]["commit"] == releases[-1]
        again = repo.module(**wanted)
        assert not again["changed"], again["steps"]
        repo.ostree("fsck", "--quiet")
    finally:
        source.stop()
