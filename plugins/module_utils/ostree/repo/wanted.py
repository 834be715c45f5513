# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user wants of a repository, checked as far as it can be without looking at the host."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ...errors import FleetError
from ..reference import COMMIT

Params = t.Mapping[str, t.Any]

SOURCES = ("remote", "tree", "tar", "from_ref", "commit")

_BRANCH = re.compile(r"\w[-.\w]*(?:/\w[-.\w]*)*")
_REMOTE = re.compile(r"\w[-.\w]*")
_FINGERPRINT = re.compile(r"[0-9A-F]{40}(?:[0-9A-F]{24})?")
_KEY = re.compile(r"[^=\s-][^=\s]*")
_URL = re.compile(r"(?:https?|file)://[^\s]+")


@dataclass(frozen=True)
class WantedRemote:
    """Where commits are mirrored from, and whose signature they must have."""

    name: str
    url: str
    gpg_keys: tuple[str, ...] = ()
    ed25519_keys: str | None = None
    tls_ca: str | None = None
    tls_client_certificate: str | None = None
    tls_client_key: str | None = None

    @property
    def group(self) -> str:
        """Of the configuration file."""
        return f'remote "{self.name}"'

    @property
    def keys(self) -> dict[str, str | None]:
        """As ostree.repo-config(5) has them; None for one that must not be there."""
        return {
            "url": self.url,
            "gpg-verify": "true" if self.gpg_keys else "false",
            "gpgkeypath": ";".join(self.gpg_keys) or None,
            "sign-verify": "ed25519" if self.ed25519_keys else "false",
            "verification-ed25519-file": self.ed25519_keys,
            "tls-ca-path": self.tls_ca,
            "tls-client-cert-path": self.tls_client_certificate,
            "tls-client-key-path": self.tls_client_key,
        }


@dataclass(frozen=True)
class WantedRef:
    """A ref and the one source that says which commit it is at; without a source it stays where it is."""

    name: str
    absent: bool = False
    remote: str | None = None
    depth: int = 0
    tree: str | None = None
    tar: str | None = None
    from_ref: str | None = None
    commit: str | None = None
    rebind: bool = False
    allow_older: bool = False
    bindings: tuple[str, ...] = ()
    subject: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    bootable: bool = False
    root_owned: bool = False

    @property
    def content(self) -> tuple[str, ...]:
        """The options of ostree commit that say what is in the tree; none when it is not made from files."""
        if self.tree is None and self.tar is None:
            return ()
        source = f"--tree=dir={self.tree}" if self.tree is not None else f"--tree=tar={self.tar}"
        owner = ("--owner-uid=0", "--owner-gid=0") if self.root_owned else ()
        return (source, *owner, *(("--bootable",) if self.bootable else ()))

    @property
    def source(self) -> str | None:
        """The revision of this repository that it is to be at."""
        return self.from_ref or self.commit


@dataclass(frozen=True)
class Wanted:
    path: str
    mode: str = "archive"
    collection_id: str | None = None
    remotes: tuple[WantedRemote, ...] = ()
    refs: tuple[WantedRef, ...] = ()
    gpg_keys: tuple[str, ...] = ()
    gpg_home: str | None = None
    ed25519_keys: tuple[str, ...] = ()
    static_deltas: int | None = None
    scratch_deltas: bool = False
    summary: bool = True
    prune_depth: int | None = None

    @property
    def present(self) -> tuple[WantedRef, ...]:
        return tuple(each for each in self.refs if not each.absent)

    @property
    def signers(self) -> tuple[str, ...]:
        return (*self.gpg_keys, *self.ed25519_keys)

    @property
    def reach(self) -> int:
        """How many commits back from a tip the plan has to know; negative for all."""
        depths = [each.depth for each in self.refs]
        return -1 if min(depths, default=0) < 0 else max([self.static_deltas or 0, *depths])

    @property
    def revisions(self) -> tuple[str, ...]:
        """The refs and commits that the plan has to know."""
        named = [each.name for each in self.refs] + [each.source for each in self.refs if each.source]
        return tuple(dict.fromkeys(named))

    @classmethod
    def from_params(cls, params: Params) -> Wanted:
        """:raises FleetError: options that are malformed or contradict each other."""
        wanted = cls(
            path=params["path"],
            mode=params["mode"],
            collection_id=params.get("collection_id"),
            remotes=tuple(_remote(each) for each in params.get("remotes") or ()),
            refs=tuple(_ref(each) for each in params.get("refs") or ()),
            gpg_keys=tuple(_fingerprint(key) for key in params.get("gpg_keys") or ()),
            gpg_home=params.get("gpg_home"),
            ed25519_keys=tuple(params.get("ed25519_keys") or ()),
            static_deltas=params.get("static_deltas"),
            scratch_deltas=bool(params.get("scratch_deltas")),
            summary=bool(params.get("summary", True)),
            prune_depth=params.get("prune_depth"),
        )
        _check(wanted)
        return wanted


def _check(wanted: Wanted) -> None:
    for option, path in (("path", wanted.path), *(("ed25519_keys", key) for key in wanted.ed25519_keys)):
        if not path.startswith("/") or "\n" in path:
            raise FleetError(f"{option}: {path!r} is no absolute path; write it in full")
    if wanted.gpg_keys and not wanted.gpg_home:
        raise FleetError("gpg_home: say in which folder of the host gpg has the secret keys of gpg_keys")
    for option, number in (("static_deltas", wanted.static_deltas), ("prune_depth", wanted.prune_depth)):
        if number is not None and number < 0:
            raise FleetError(f"{option}: {number} is no number of commits; give 0 or more")
    names = [each.name for each in wanted.refs]
    for name in names:
        if names.count(name) > 1:
            raise FleetError(f"refs: {name} is listed twice; keep it once")
    for each in wanted.present:
        if each.from_ref in names:
            raise FleetError(
                f"refs: {each.name} is taken from {each.from_ref}, which is in the same list; promote it in a task of "
                "its own, when what it became has been tried"
            )
        if wanted.prune_depth is not None and not 0 <= each.depth <= wanted.prune_depth:
            raise FleetError(
                f"prune_depth: {wanted.prune_depth} removes commits of {each.name} that its depth {each.depth} gets; "
                "make prune_depth at least as large"
            )


def _remote(params: Params) -> WantedRemote:
    name, url = params["name"], params["url"]
    if not _REMOTE.fullmatch(name):
        raise FleetError(f"remotes: {name!r} is no name of a remote; use letters, digits, - and _")
    if not _URL.fullmatch(url):
        raise FleetError(f"remotes: {name}: the url does not begin with https://, http:// or file://")
    if "@" in url.split("/")[2]:
        raise FleetError(
            f"remotes: {name}: the url has a password in it, and the configuration of a repository is there for all to "
            "read; use tls_client_certificate and tls_client_key"
        )
    gpg, ed25519 = tuple(params.get("gpg_keys") or ()), params.get("ed25519_keys")
    if params.get("verify", True) and not (gpg or ed25519):
        raise FleetError(
            f"remotes: {name} has no key to verify its commits with; give gpg_keys or ed25519_keys, or set verify to "
            "false to trust whoever answers at its url"
        )
    if not params.get("verify", True) and (gpg or ed25519):
        raise FleetError(f"remotes: {name} has keys and verify is false; keep one of them")
    certificate, key = params.get("tls_client_certificate"), params.get("tls_client_key")
    if bool(certificate) != bool(key):
        raise FleetError(f"remotes: {name}: tls_client_certificate and tls_client_key go together")
    return WantedRemote(name, url, gpg, ed25519, params.get("tls_ca"), certificate, key)


def _ref(params: Params) -> WantedRef:
    name = params["name"]
    for text in (name, params.get("from_ref") or name, *(params.get("bindings") or ())):
        if not _BRANCH.fullmatch(text):
            raise FleetError(f"refs: {text!r} is no name of a ref; write it as ostree refs lists it, without a remote")
    sources = [source for source in SOURCES if params.get(source) is not None]
    absent = params.get("state") == "absent"
    if absent and sources:
        raise FleetError(f"refs: {name} is absent and has {sources[0]}; keep one of them")
    if len(sources) > 1:
        raise FleetError(f"refs: {name} has {' and '.join(sources)}; a ref is at one commit, so keep one of them")
    source = sources[0] if sources else ""
    _check_belongs(name, params, source)
    if source == "commit" and not COMMIT.fullmatch(params["commit"]):
        raise FleetError(f"refs: {name}: {params['commit']!r} is no commit (64 hexadecimal digits)")
    metadata = {str(key): str(value) for key, value in (params.get("metadata") or {}).items()}
    for key in metadata:
        if not _KEY.fullmatch(key):
            raise FleetError(f"refs: {name}: {key!r} is no key of metadata; use letters, digits, dots and -")
    return WantedRef(
        name,
        absent=absent,
        remote=params.get("remote"),
        depth=params.get("depth") or 0,
        tree=params.get("tree"),
        tar=params.get("tar"),
        from_ref=params.get("from_ref"),
        commit=params.get("commit"),
        rebind=bool(params.get("rebind")),
        allow_older=bool(params.get("allow_older")),
        bindings=tuple(params.get("bindings") or ()),
        subject=params.get("subject") or "",
        metadata=metadata,
        bootable=bool(params.get("bootable")),
        root_owned=bool(params.get("root_owned")),
    )


_BELONGS = {
    "depth": ("remote",),
    "rebind": ("from_ref", "commit"),
    "bindings": ("tree", "tar"),
    "subject": ("tree", "tar"),
    "metadata": ("tree", "tar"),
    "bootable": ("tree", "tar"),
    "root_owned": ("tree", "tar"),
}


def _check_belongs(name: str, params: Params, source: str) -> None:
    for option, owners in _BELONGS.items():
        if params.get(option) and source not in owners:
            raise FleetError(f"refs: {name}: {option} goes with {' or '.join(owners)}; drop it or give one of these")


def _fingerprint(key: str) -> str:
    plain = "".join(key.split()).upper()
    if not _FINGERPRINT.fullmatch(plain):
        raise FleetError(f"gpg_keys: {key!r} is no fingerprint; write all 40 digits that gpg --fingerprint shows")
    return plain
