# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a repository, and look at what its refs are to become. Neither changes anything in it.

One round trip reads everything. GPG signatures are checked in a second one, where there are any and they matter.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
import typing as t
from dataclasses import dataclass, field, replace

from ...errors import FleetError
from ...node import Completed, File, Node, Source, last_line, output_of
from .. import gvariant
from ..reference import COMMIT
from . import objects, scripts
from .model import Commit, Garbage, Repository
from .wanted import Wanted, WantedRef

ED25519_FEATURE = "sign-ed25519"

# libostree's names for the modes that its command line has other names for
_STORED = {"archive": "archive-z2"}

_DELTA = re.compile(r"(?:[0-9a-f]{64}-)?[0-9a-f]{64}")
# DER of an Ed25519 public key before the key itself
_PUBLIC = bytes.fromhex("302a300506032b6570032100")

Found = t.Mapping[str, t.Union[Completed, File, None]]
Lines = t.Sequence[t.Sequence[str]]


@dataclass(frozen=True)
class Looked:
    """What refs are to become, by their names: the commits of a remote from the tip backwards, and the commit that a
    tree makes."""

    chains: dict[str, tuple[str, ...]] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)


def read(node: Node, wanted: Wanted) -> Repository:
    """Where there is no repository and nothing that is in its way, the one that ostree init would make.

    :raises FleetError: something else is there, or what the options need is missing on the host.
    """
    found = node.gather(_reads(wanted))
    _refuse_missing(node, wanted, found)
    lines = _lines(found["state"])
    kind = next((line[1] for line in lines if line[0] == "kind"), "")
    public_keys = _public_keys(node, wanted, lines)
    if kind == "absent":
        mode = _STORED.get(wanted.mode, wanted.mode)
        return Repository(f"[core]\nrepo_version=1\nmode={mode}\n", public_keys=public_keys, new=True)
    config = found["config"]
    if kind != "repository" or not isinstance(config, File):
        raise FleetError(
            f"path: {wanted.path} is there and is no OSTree repository; give another path, or move away what is there"
        )
    try:
        repository = replace(
            _repository(config, lines), public_keys=public_keys, garbage=_garbage(_lines(found.get("garbage")))
        )
        return replace(repository, signed=_signed(node, wanted, lines))
    except (gvariant.NotVariant, binascii.Error, IndexError, ValueError) as exc:
        raise FleetError(
            f"path: {wanted.path} has an object that cannot be read ({exc}); ostree fsck --repo={wanted.path} finds it"
        ) from exc


def _reads(wanted: Wanted) -> dict[str, Source]:
    secrets = "\n".join(wanted.ed25519_keys)
    reads: dict[str, Source] = {
        "ostree": ("ostree", "--version"),
        "config": f"{wanted.path}/config",
        "state": ("sh", "-c", scripts.READ, "sh", wanted.path, str(wanted.reach), secrets, *wanted.revisions),
    }
    if wanted.prune_depth is not None:
        reads["garbage"] = ("sh", "-c", scripts.GARBAGE, "sh", wanted.path, str(wanted.prune_depth))
    if wanted.ed25519_keys:
        reads["openssl"] = ("openssl", "version")
    for key in wanted.gpg_keys:
        reads[f"gpg {key}"] = ("gpg", "--homedir", str(wanted.gpg_home), "--batch", "--list-secret-keys", key)
    return reads


def _refuse_missing(node: Node, wanted: Wanted, found: Found) -> None:
    version = found["ostree"]
    if version is None:
        raise FleetError(f"{node.name} has no ostree; install it, it is in the package ostree")
    if "openssl" in found and found["openssl"] is None:
        raise FleetError(f"ed25519_keys: {node.name} has no openssl, which signs with them; install it")
    verifying = [each.name for each in wanted.remotes if each.ed25519_keys]
    if verifying and ED25519_FEATURE not in output_of(version).split():
        raise FleetError(
            f"remotes: {verifying[0]} is verified with Ed25519 keys, and the ostree of {node.name} was built without "
            "them; give gpg_keys, or run this on a host whose ostree --version lists sign-ed25519"
        )
    for key in wanted.gpg_keys:
        answer = found[f"gpg {key}"]
        if answer is None:
            raise FleetError(f"gpg_keys: {node.name} has no gpg; install it, it is in the package gpg or gnupg2")
        if not isinstance(answer, Completed) or answer.rc != 0:
            raise FleetError(
                f"gpg_keys: there is no secret key {key} in {wanted.gpg_home} of {node.name}; import it there"
            )


def _public_keys(node: Node, wanted: Wanted, lines: Lines) -> dict[str, str]:
    keys = {}
    for line in lines:
        if line[0] == "public" and len(line) == 3:
            key = base64.b64decode(line[2])
            if key.startswith(_PUBLIC) and len(key) == len(_PUBLIC) + 32:
                keys[wanted.ed25519_keys[int(line[1])]] = base64.b64encode(key[len(_PUBLIC) :]).decode()
    for path in wanted.ed25519_keys:
        if path not in keys:
            raise FleetError(
                f"ed25519_keys: {path} of {node.name} is no Ed25519 secret key; make one with openssl genpkey "
                "-algorithm ed25519, without a passphrase"
            )
    return keys


def _repository(config: File, lines: Lines) -> Repository:
    chains: dict[str, tuple[str, ...]] = {}
    commits = {}
    for line in lines:
        if line[0] == "chain":
            chains[line[1]] = (*chains.get(line[1], ()), line[2])
        elif line[0] == "commit":
            commits[line[1]] = objects.commit(line[1], base64.b64decode(line[2]))
    summary = [base64.b64decode(line[1]) for line in lines if line[0] == "summary" and len(line) > 1]
    room = [line[1:] for line in lines if line[0] == "room"]
    return Repository(
        config=config.content.decode(errors="replace"),
        refs={line[1]: line[2] for line in lines if line[0] == "ref" and len(line) == 3 and COMMIT.fullmatch(line[2])},
        chains=chains,
        commits=commits,
        deltas=frozenset(line[1] for line in lines if line[0] == "delta" and _DELTA.fullmatch(line[1])),
        summary=objects.summary(summary[0]) if summary else None,
        room=(int(room[0][0]), int(room[0][1])) if room else None,
        config_file=(config.mode, config.owner, config.group),
    )


def _signed(node: Node, wanted: Wanted, lines: Lines) -> dict[str, frozenset[str]]:
    metas = {line[1]: base64.b64decode(line[2]) for line in lines if line[0] == "meta" and len(line) == 3}
    signed: dict[str, set[str]] = {}
    for line in lines:
        if line[0] == "would" and len(line) == 4:
            _word, name, number, signature = line
            if base64.b64decode(signature) in objects.signatures(metas.get(name, b""), objects.ED25519):
                signed.setdefault(name, set()).add(wanted.ed25519_keys[int(number)])
    by_gpg = [(name, each) for name, meta in metas.items() for each in objects.signatures(meta, objects.GPG)]
    if by_gpg and wanted.gpg_keys:
        pairs = [text for name, each in by_gpg for text in (name, base64.b64encode(each).decode())]
        argv = ("sh", "-c", scripts.VERIFY_GPG, "sh", wanted.path, str(wanted.gpg_home), *pairs)
        for line in _lines(node.gather({"signed": argv})["signed"]):
            if line[0] == "signed":
                signed.setdefault(line[1], set()).update(key for key in line[2:] if key in wanted.gpg_keys)
    return {name: frozenset(keys) for name, keys in signed.items()}


def _garbage(lines: Lines) -> Garbage | None:
    return next((Garbage(*map(int, line[1:4])) for line in lines if line[0] == "garbage"), None)


def look(node: Node, wanted: Wanted, repository: Repository, config: str) -> Looked:
    """Look at the remotes and trees that refs are to come from.

    :arg config: the configuration with the wanted remotes.
    :raises FleetError: a remote has no such ref, its commit has not the wanted signature, or a tree cannot be read.
    """
    chains: dict[str, tuple[str, ...]] = {}
    commits: dict[str, Commit] = {}
    mirrored = [each for each in wanted.present if each.remote is not None]
    if mirrored:
        chains, commits = _look_at_remotes(node, mirrored, config)
    trees = {
        each.name: ("sh", "-c", scripts.LOOK_AT_TREE, "sh", repository.mode, *each.content)
        for each in wanted.present
        if each.content
    }
    for name, answer in (node.gather(trees) if trees else {}).items():
        made = _commits(_lines(answer))
        if not made or not isinstance(answer, Completed) or answer.rc != 0:
            said = last_line(answer.stderr) if isinstance(answer, Completed) else "there is no sh"
            raise FleetError(f"refs: {name}: its files cannot be committed ({said}); look at its tree or tar")
        commits[name] = made[0]
    return Looked(chains, commits)


def _look_at_remotes(
    node: Node, mirrored: t.Sequence[WantedRef], config: str
) -> tuple[dict[str, tuple[str, ...]], dict[str, Commit]]:
    threes = [text for each in mirrored for text in (str(each.remote), each.name, str(each.depth))]
    answer = node.run(("sh", "-c", scripts.LOOK_AT_REMOTES, "sh", *threes), stdin=config.encode())
    chains: dict[str, tuple[str, ...]] = {}
    lines = _lines(answer)
    for line in lines:
        if line[0] == "refused":
            remote = next(each.remote for each in mirrored if each.name == line[1])
            raise FleetError(
                f"refs: {line[1]} cannot be mirrored from the remote {remote} ({last_line(answer.stderr)}); ostree "
                "remote refs lists what a remote has, and its commits must be signed with the keys in remotes"
            )
        if line[0] == "found":
            chains[line[1]] = (*chains.get(line[1], ()), line[2])
    by_checksum = {commit.checksum: commit for commit in _commits(lines)}
    return chains, {name: by_checksum[chain[0]] for name, chain in chains.items()}


def _commits(lines: Lines) -> list[Commit]:
    with contextlib.suppress(gvariant.NotVariant, binascii.Error):
        return [
            objects.commit(line[1], base64.b64decode(line[2]))
            for line in lines
            if line[0] == "commit" and len(line) == 3
        ]
    return []


def _lines(found: Completed | File | None) -> Lines:
    return [line.split(" ") for line in output_of(found).splitlines() if line]
