# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What brings refs to their commits. Nothing here looks at a node."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...errors import FleetError
from ...outcome import Run, Step, Write
from .keyfile import change, keys
from .model import BINDINGS, Commit, Repository
from .survey import Looked
from .wanted import Wanted, WantedRef

# Arguments: the repository, the commit, then the other options of ostree commit, "--", and keys of metadata. Each value
# is handed on in GVariant's own text format.
_COMMIT_AGAIN = r"""
repo=$1 commit=$2
shift 2
count=$#
while [ "$count" -gt 0 ]; do
  word=$1
  shift
  case $word in
    --key=*)
      key=${word#--key=}
      value=$(ostree show -B --repo="$repo" --print-metadata-key="$key" "$commit") || exit
      word="--add-metadata=$key=$value"
      ;;
  esac
  set -- "$@" "$word"
  count=$((count - 1))
done
exec ostree commit --repo="$repo" --tree=ref="$commit" "$@"
"""

# libostree's index of the sizes of a commit's objects: it belongs to the commit it was made for.
_SIZES = "ostree.sizes"


def configured(config: str, wanted: Wanted) -> str:
    """The configuration with the wanted remotes and the collection ID; everything else in it stays."""
    for remote in wanted.remotes:
        config = change(config, remote.group, remote.keys)
    if wanted.collection_id is not None:
        config = change(config, "core", {"collection-id": wanted.collection_id})
    return config


@dataclass(frozen=True)
class Move:
    """One ref's step, and the commits it has then, from the tip backwards as far as is known; none when it is gone.

    A commit that does not exist yet goes by the name of the ref.
    """

    step: Step
    chain: tuple[str, ...]


def moves(repository: Repository, wanted: Wanted, looked: Looked) -> tuple[tuple[Step, ...], Repository]:
    """The steps that change the configuration and the refs, and the repository as it is after them.

    :raises FleetError: a ref cannot or must not be brought there.
    """
    steps: list[Step] = []
    config = configured(repository.config, wanted)
    if config != repository.config:
        mode, owner, group = repository.config_file
        path = f"{wanted.path}/config"
        steps.append(Write(path, config.encode(), "the remotes or the collection ID differ", mode, owner, group))
    refs, chains = dict(repository.refs), dict(repository.chains)
    for each in wanted.refs:
        move = _move(repository, wanted, each, looked)
        if move is not None:
            steps.append(move.step)
            chains[each.name] = move.chain
            if move.chain:
                refs[each.name] = move.chain[0]
            else:
                del refs[each.name]
    return tuple(steps), replace(repository, config=config, refs=refs, chains=chains)


def _move(repository: Repository, wanted: Wanted, ref: WantedRef, looked: Looked) -> Move | None:
    if ref.absent:
        argv = ("ostree", "refs", f"--repo={wanted.path}", "--delete", ref.name)
        return Move(Run(argv, f"{ref.name} is to be absent"), ()) if ref.name in repository.refs else None
    if ref.remote is not None:
        return _mirror(repository, wanted, ref, looked)
    if ref.content:
        return _commit(repository, wanted, ref, looked.commits[ref.name])
    if ref.source is not None:
        return _promote(repository, wanted, ref)
    if ref.name not in repository.refs:
        raise FleetError(
            f"refs: there is no ref {ref.name} in {wanted.path}; say where it comes from, for example remote"
        )
    return None


def _mirror(repository: Repository, wanted: Wanted, ref: WantedRef, looked: Looked) -> Move | None:
    chain, here = looked.chains[ref.name], repository.chains.get(ref.name, ())
    if repository.refs.get(ref.name) == chain[0] and set(chain) <= set(here):
        return None
    _refuse_older(repository, ref, looked.commits[ref.name])
    argv = ("ostree", "pull", f"--repo={wanted.path}", "--mirror", f"--depth={ref.depth}", str(ref.remote), ref.name)
    return Move(Run(argv, f"{ref.remote} has {chain[0][:10]}"), chain)


def _commit(repository: Repository, wanted: Wanted, ref: WantedRef, new: Commit) -> Move | None:
    tip = repository.tip(ref.name)
    bindings = (ref.name, *ref.bindings)
    if (
        tip is not None
        and tip.tree == new.tree
        and all(tip.text(key) == value for key, value in ref.metadata.items())
        and all(tip.fits(name, repository.collection) for name in bindings)
        and set(ref.bindings) <= set(tip.bindings or ())
    ):
        return None
    options = (
        f"--branch={ref.name}",
        *(f"--bind-ref={name}" for name in ref.bindings),
        *((f"--subject={ref.subject}",) if ref.subject else ()),
        *(f"--add-metadata-string={key}={value}" for key, value in ref.metadata.items()),
    )
    argv = ("ostree", "commit", f"--repo={wanted.path}", *options, *ref.content)
    step = Run(argv, f"{ref.tree or ref.tar} is not what {ref.name} has")
    return Move(step, (ref.name, *repository.chains.get(ref.name, ())))


def _promote(repository: Repository, wanted: Wanted, ref: WantedRef) -> Move | None:
    source = str(ref.source)
    commit = repository.tip(source)
    if commit is None:
        option = "from_ref" if ref.from_ref else "commit"
        raise FleetError(
            f"refs: {ref.name}: {option} {source} is not in {wanted.path}, or not all of it; commit or mirror it first"
        )
    if repository.refs.get(ref.name) == commit.checksum:
        return None
    if commit.fits(ref.name, repository.collection):
        _refuse_older(repository, ref, commit)
        force = ("--force",) if ref.name in repository.refs else ()
        argv = ("ostree", "refs", f"--repo={wanted.path}", *force, f"--create={ref.name}", commit.checksum)
        return Move(Run(argv, f"{source} is at {commit.checksum[:10]}"), repository.chains[source])
    tip = repository.tip(ref.name)
    if tip is not None and tip.says_the_same(commit) and tip.fits(ref.name, repository.collection):
        return None
    if not ref.rebind:
        raise FleetError(
            f"refs: {source} ({commit.checksum[:10]}) is bound to {', '.join(commit.bindings or ('no ref',))}, so "
            f"clients of {ref.name} refuse it; commit it with {ref.name} in bindings, or set rebind to true for a new "
            "commit of the same tree"
        )
    return Move(_commit_again(wanted, ref, commit), (ref.name, *repository.chains.get(ref.name, ())))


def _commit_again(wanted: Wanted, ref: WantedRef, commit: Commit) -> Run:
    kept = [f"--key={key}" for key in commit.metadata if key not in (*BINDINGS, _SIZES)]
    sizes = ["--generate-sizes"] if _SIZES in commit.metadata else []
    texts = [f"--{key}={text}" for key, text in (("subject", commit.subject), ("body", commit.body)) if text]
    options = (f"--branch={ref.name}", *texts, *sizes, *kept)
    argv = ("sh", "-c", _COMMIT_AGAIN, "sh", wanted.path, commit.checksum, *options)
    return Run(argv, f"{commit.checksum[:10]} is not bound to {ref.name}, so its tree is committed again")


def _refuse_older(repository: Repository, ref: WantedRef, commit: Commit) -> None:
    tip = repository.tip(ref.name)
    if tip is not None and commit.timestamp < tip.timestamp and not ref.allow_older:
        raise FleetError(
            f"refs: {ref.name} would go from {tip.checksum[:10]} back to {commit.checksum[:10]}, which is older, and "
            "clients refuse that; set allow_older to true if it is meant"
        )


def refuse_unknown_remotes(config: str, wanted: Wanted) -> None:
    """:raises FleetError: a ref is to be mirrored from a remote that nobody has declared."""
    for each in wanted.present:
        if each.remote is not None and not keys(config, f'remote "{each.remote}"').get("url"):
            raise FleetError(f"refs: {each.name}: there is no remote {each.remote}; declare it in remotes")
