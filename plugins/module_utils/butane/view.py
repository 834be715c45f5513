# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An Ignition config for human eyes: contents decoded, secrets hidden.

The diff of the module is made of two such views. A hidden value becomes ``hidden value N``; the same value has the same
number in both views and another value another one, so that a changed secret shows as a change. The numbers count up and
are derived from nothing: no secret, however simple, can be found from them, as it could from a hash.
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hashlib
import json
import re
import typing as t
import urllib.parse
import zlib

# What a person can review, and what is decoded at all: a gzip stream can grow a thousandfold.
_SHOWN = 1 << 20
_DECODED = 1 << 24

_SECRET_TEXT = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----|\Z)"
    r"|grub\.pbkdf2\.[a-z0-9]+\.\S+"
    r"|\$(?:[1-9]|2[abxy]|y|gy|sha1|md5)\$(?:[^$\s]{1,64}\$){0,2}[./0-9A-Za-z]{20,}",  # crypt(5)
    re.DOTALL,
)
_URL_LOGIN = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_PUBLIC_KEY = re.compile(r"(?:(?<=\s)|^)AAAA[0-9A-Za-z+/=]+")

# Secrets by their place in the config.
_HIDDEN = frozenset(
    {
        ("passwd", "users", "passwordHash"),
        ("passwd", "groups", "passwordHash"),
        ("storage", "luks", "keyFile"),
        ("storage", "luks", "clevis", "custom", "config"),
    }
)

Json = t.Any
Keys = tuple[str, ...]


class Hidden:
    """The numbers of hidden values. One object serves both views of a diff."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __call__(self, secret: str) -> str:
        return f"hidden value {self._numbers.setdefault(secret, len(self._numbers) + 1)}"


def view(config: Json, secret_files: t.Sequence[str], hidden: Hidden) -> Json:
    """The view of an Ignition config, or of a MachineConfig that holds one.

    :arg secret_files: shell patterns of paths whose contents are hidden; files that only their owner may read are
        hidden anyway. systemd units count as the files that Ignition makes of them.
    """
    if isinstance(config, dict) and isinstance(config.get("spec"), dict):
        inner = {**config["spec"], "config": view(config["spec"].get("config"), secret_files, hidden)}
        return {**config, "spec": inner}
    return _View(secret_files, hidden).show(config, ())


class _View:
    def __init__(self, secret_files: t.Sequence[str], hidden: Hidden) -> None:
        self._secret_files = secret_files
        self._hidden = hidden

    def show(self, value: Json, keys: Keys) -> Json:
        """A value at a place; ``keys`` are the names that lead to it, without the positions in lists."""
        if keys in _HIDDEN or keys[-2:] == ("httpHeaders", "value"):
            return self._hide(value)
        if isinstance(value, str):
            return self._public_key(value) if keys[-1:] == ("sshAuthorizedKeys",) else self._text(value)
        if isinstance(value, list):
            return [self.show(item, keys) for item in value]
        if not isinstance(value, dict):
            return value
        if keys == ("storage", "files"):
            return self._file(value)
        if keys == ("systemd", "units"):
            return self._unit(value)
        if isinstance(value.get("source"), str):
            return self._resource(value, keys)
        return {name: self.show(item, (*keys, name)) for name, item in value.items()}

    def _hide(self, value: Json) -> str:
        return self._hidden(value if isinstance(value, str) else json.dumps(value, sort_keys=True))

    def _text(self, text: str) -> str:
        """The text without what is a secret wherever it stands."""
        text = _SECRET_TEXT.sub(lambda found: self._hidden(found[0]), text)
        return _URL_LOGIN.sub(lambda found: self._hidden(found[0]), text)

    def _public_key(self, text: str) -> str:
        """Options, type and comment tell a reviewer whose key it is."""
        shown, count = _PUBLIC_KEY.subn(lambda found: self._hidden(found[0]), text)
        return self._text(shown) if count else self._hidden(text)

    def _lines(self, text: str) -> list[str]:
        """One item for each line; an empty one at the end says that the text ends with a line break."""
        return self._text(text).split("\n")

    def _file(self, file: dict[str, Json]) -> Json:
        mode = file.get("mode")
        owner_only = isinstance(mode, int) and mode & 0o077 == 0
        secret = owner_only or self._is_secret(file.get("path"))
        shown = {
            name: self._hide_resources(value)
            if secret and name in {"contents", "append"}
            else self.show(value, ("storage", "files", name))
            for name, value in file.items()
        }
        if isinstance(mode, int):
            shown["mode"] = f"{mode:04o}"
        return shown

    def _unit(self, unit: dict[str, Json]) -> Json:
        path = f"/etc/systemd/system/{unit.get('name')}"
        shown = self._contents(unit, path)
        if isinstance(unit.get("dropins"), list):
            shown["dropins"] = [
                self._contents(item, f"{path}.d/{item.get('name')}") if isinstance(item, dict) else item
                for item in unit["dropins"]
            ]
        return shown

    def _contents(self, unit: dict[str, Json], path: str) -> dict[str, Json]:
        shown = dict(unit)
        if isinstance(unit.get("contents"), str):
            secret = self._is_secret(path)
            shown["contents"] = self._hidden(unit["contents"]) if secret else self._lines(unit["contents"])
        return shown

    def _is_secret(self, path: Json) -> bool:
        return any(fnmatch.fnmatchcase(str(path), pattern) for pattern in self._secret_files)

    def _hide_resources(self, value: Json) -> Json:
        """One resource or a list of them, told apart by what they hold and not by how that is encoded."""
        if isinstance(value, list):
            return [self._hide_resources(item) for item in value]
        content = _content(value) if isinstance(value, dict) else None
        return self._hide(value if content is None else content.decode("latin-1"))

    def _resource(self, resource: dict[str, Json], keys: Keys) -> Json:
        """A resource with the content of its data URL in place of the URL."""
        others = {
            name: self.show(value, (*keys, name))
            for name, value in resource.items()
            if name not in {"source", "compression"}
        }
        content = _content(resource)
        if content is None:
            return {**others, "source": self._url(resource["source"]), "compression": resource.get("compression")}
        shown = self._decoded(content, nested=keys[:2] == ("ignition", "config"))
        return {**others, "contents": shown} if others else shown

    def _decoded(self, content: bytes, nested: bool) -> Json:
        if nested:
            try:
                return view(json.loads(content), self._secret_files, self._hidden)
            except ValueError:
                return self._hidden(content.decode("latin-1"))
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text or len(content) > _SHOWN:
            return f"{len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}"
        return self._lines(text)

    def _url(self, url: str) -> str:
        """Signed URLs carry their secret in the query."""
        head, mark, query = url.partition("?")
        return self._text(head) + (mark and mark + self._hidden(query))


def _content(resource: dict[str, Json]) -> bytes | None:
    """What a resource holds (RFC 2397, gzip), undecoded when that fails; None when it is fetched from elsewhere."""
    head, comma, body = str(resource.get("source")).partition(",")
    if not head.startswith("data:") or not comma:
        return None
    try:
        raw = urllib.parse.unquote_to_bytes(body)
        content = base64.b64decode(raw) if head.endswith(";base64") else raw
        if resource.get("compression") == "gzip":
            return zlib.decompressobj(wbits=31).decompress(content, _DECODED)
    except (binascii.Error, zlib.error):
        return body.encode()
    return content
