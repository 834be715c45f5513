#!/usr/bin/env python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an upgrade costs on the wire, with and without a static delta, as the access log of the mirror tells it.

A repository with two commits is served as the role ostree_mirror does, by nginx on the loopback interface. One client
gets the second commit after the first without the delta, another one with it. The trees are two folders of yours, or
generated ones: a base of which nothing changes, and a package with some files of which parts change.

The ostree of Debian 12 (2022.7) fetches many files of a delta a second time, as objects. With --client-root the
clients are the ostree of another root file system, for example one that mmdebstrap made of Debian 13.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / ".ansible" / "collections"), str(ROOT / "tests" / "unit")]

from ostree_repo.conftest import CANARY, MIRROR, Client, Keys, Repo, Web, call, write  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--old", type=Path, help="the folder with the tree before the upgrade")
    parser.add_argument("--new", type=Path, help="the folder with the tree after it")
    parser.add_argument("--client-root", type=Path, help="the root file system with the ostree of the clients")
    options = parser.parse_args()
    if (options.old is None) != (options.new is None):
        parser.error("--old and --new go together")
    for tool in ("ostree", "nginx", "gpg", "openssl"):
        if shutil.which(tool) is None:
            parser.error(f"there is no {tool} on this machine")
    with tempfile.TemporaryDirectory(prefix="evergreen-bench-") as folder:
        measure(Path(folder), options.old, options.new, options.client_root)
    return 0


# Arguments: the root file system, the folder of the clients, a command.
IN_ROOT = r"""
mount -t proc proc "$1/proc" && mount --bind /dev "$1/dev" && mkdir -p "$1$2" && mount --bind "$2" "$1$2" || exit
root=$1
shift 2
exec chroot "$root" "$@"
"""


class RootClient(Client):
    """A client that runs the ostree of another root file system."""

    def __init__(self, path: Path, web: Web, root: Path | None, **remote: str) -> None:
        super().__init__(path, web, **remote)
        folder = ("sh", "-c", IN_ROOT, "sh", str(root), str(path.parent))
        self.prefix = ("unshare", "--mount", *folder) if root else ()

    def pull(self, ref: str, *options: str) -> subprocess.CompletedProcess[str]:
        argv = [*self.prefix, "ostree", "pull", f"--repo={self.path}", *options, "fleet", ref]
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=600)


def measure(work: Path, old: Path | None, new: Path | None, root: Path | None) -> None:
    trees = (old or generated(work / "old", 1), new or generated(work / "new", 2))
    keys = Keys(work / "keys")
    repo = Repo(work / "repo", **keys.gpg)
    (work / "web").mkdir()
    web = Web(work / "web", repo.path)
    try:
        verify = {"gpg_verify": "true", "gpg_verify_summary": "true", "gpgkeypath": str(keys.public)}
        clients = [RootClient(work / name, web, root, **verify) for name in ("without", "with")]
        repo.module(refs=[{"name": CANARY, "tree": str(trees[0]), "root_owned": True}])
        print(f"{'':28}{'requests':>10}{'objects':>10}{'delta files':>13}{'bytes':>12}")
        for client, name in zip(clients, ("installation", "")):
            report(client, web, name)
        repo.module(refs=[{"name": CANARY, "tree": str(trees[1]), "root_owned": True}], static_deltas=1)
        report(clients[0], web, "upgrade without a delta", "--disable-static-deltas")
        report(clients[1], web, "upgrade with a delta")
        report(clients[1], web, "nothing new")
    finally:
        web.stop()
        keys.stop()


def generated(folder: Path, version: int) -> Path:
    """300 files of a base, and a package with ten files of which an eighth of the blocks is new in a new version."""
    rng = random.Random(0)  # noqa: S311 - content, not a secret
    for number in range(300):
        write(folder, **{f"share/base/{number}": rng.randbytes(rng.randrange(100, 20_000)).hex()})
    for number in range(10):
        blocks = [rng.randbytes(2048) for _block in range(128)]
        changed = random.Random(version)  # noqa: S311 - content, not a secret
        for at in range(number % 8, len(blocks), 8):
            blocks[at] = changed.randbytes(2048)
        path = folder / "usr" / "lib" / "package" / f"library-{number}.so"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(blocks))
    return folder


def report(client: Client, web: Web, name: str, *options: str) -> None:
    web.log.write_text("")
    done = client.pull(CANARY, *options)
    if done.returncode != 0:
        sys.exit(done.stderr)
    (found,) = json.loads(call("awk", "-v", "pause=60", "-f", MIRROR / "files" / "traffic.awk", web.log))
    if name:
        counts = [found[key] for key in ("requests", "objects", "delta_files", "bytes")]
        print(f"{name:28}{counts[0]:>10}{counts[1]:>10}{counts[2]:>13}{counts[3]:>12}")


if __name__ == "__main__":
    sys.exit(main())
