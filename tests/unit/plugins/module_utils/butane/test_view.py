# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A person sees what an Ignition config does, and no secret of it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.butane.view import Hidden, view

ONE = "hidden value 1"


def shown(config: t.Any, *secret_files: str) -> t.Any:
    return view(config, secret_files, Hidden())


def data(content: bytes) -> str:
    return "data:;base64," + base64.b64encode(content).decode()


def file(**more: t.Any) -> dict[str, t.Any]:
    return {"storage": {"files": [{"path": "/etc/a", **more}]}}


def summary(content: bytes) -> str:
    return f"{len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}"


def contents(config: t.Any, *secret_files: str) -> t.Any:
    return shown(config, *secret_files)["storage"]["files"][0]["contents"]


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"compression": "", "source": "data:,hello%20world%0A"}, ["hello world", ""]),
        ({"source": "data:text/plain;charset=utf-8,no%20end"}, ["no end"]),
        ({"source": data("gr\u00fcn\n".encode())}, ["gr\u00fcn", ""]),
        ({"compression": "gzip", "source": data(gzip.compress(b"a\n" * 3))}, ["a", "a", "a", ""]),
        ({"compression": "gzip", "source": "data:,broken"}, ["broken"]),
        ({"source": data(b"\x00\x01")}, summary(b"\x00\x01")),
        ({"source": data(b"\xff")}, summary(b"\xff")),
        ({"source": "http://x/y,z", "compression": None}, {"source": "http://x/y,z", "compression": None}),
        (
            {"source": "https://me:pw@x/y?sig=1", "verification": {"hash": "sha512-1"}},
            {
                "source": "https://hidden value 1@x/y?hidden value 2",
                "compression": None,
                "verification": {"hash": "sha512-1"},
            },
        ),
        (
            {
                "source": "http://x",
                "compression": None,
                "httpHeaders": [{"name": "Authorization", "value": "Bearer 1"}],
            },
            {"source": "http://x", "compression": None, "httpHeaders": [{"name": "Authorization", "value": ONE}]},
        ),
    ],
)
def test_contents_are_decoded(resource: dict[str, t.Any], expected: t.Any) -> None:
    assert contents(file(mode=0o644, contents=resource)) == expected


SECRET = {"source": "data:,pin%3D1234"}


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_what_only_the_owner_may_read_is_hidden(mode: int) -> None:
    config = file(mode=mode, contents=SECRET, append=[SECRET, {"source": "data:,more"}])
    assert shown(config)["storage"]["files"] == [
        {"path": "/etc/a", "mode": f"{mode:04o}", "contents": ONE, "append": [ONE, "hidden value 2"]}
    ]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_what_others_may_read_is_shown(mode: int) -> None:
    assert contents(file(mode=mode, contents=SECRET)) == ["pin=1234"]
    assert contents(file(contents=SECRET)) == ["pin=1234"]


@pytest.mark.parametrize("pattern", ["/etc/a", "/etc/*", "/*"])
def test_secret_files(pattern: str) -> None:
    assert contents(file(mode=0o644, contents=SECRET), "/other", pattern) == ONE
    assert contents(file(mode=0o644, contents=SECRET), "/other", "a", "/etc") == ["pin=1234"]


def test_units_are_files() -> None:
    unit = {
        "name": "a.service",
        "contents": "X=1\n",
        "dropins": [{"name": "b.conf", "contents": "Y=1\n"}, {"name": "c"}],
    }
    config = {"systemd": {"units": [unit]}}
    folder = "/etc/systemd/system"
    plain = {**unit, "contents": ["X=1", ""], "dropins": [{"name": "b.conf", "contents": ["Y=1", ""]}, {"name": "c"}]}
    assert shown(config) == {"systemd": {"units": [plain]}}
    assert shown(config, f"{folder}/a.service") == {"systemd": {"units": [{**plain, "contents": ONE}]}}
    dropins = [{"name": "b.conf", "contents": ONE}, {"name": "c"}]
    assert shown(config, f"{folder}/a.service.d/b.conf") == {"systemd": {"units": [{**plain, "dropins": dropins}]}}


PRIVATE_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----"
# Real shapes, of no real password.
YESCRYPT = "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7"
SHA512 = "$6$saltsalt$" + "q" * 86
BCRYPT = "$2b$12$" + "w" * 53
GRUB = "grub.pbkdf2.sha512.10000.ABC.DEF"


@pytest.mark.parametrize("secret", [PRIVATE_KEY, YESCRYPT, SHA512, BCRYPT, GRUB])
def test_secrets_in_any_text(secret: str) -> None:
    for before, after in (("", ""), ("key: ", "\n"), ("a\n", "\nb")):
        text = f"{before}{secret}{after}"
        expected = f"{before}{ONE}{after}".split("\n")
        assert contents(file(mode=0o644, contents={"source": data(text.encode())})) == expected
        unit = {"name": "a.service", "contents": text}
        assert shown({"systemd": {"units": [unit]}})["systemd"]["units"][0]["contents"] == expected


@pytest.mark.parametrize(
    "text", ["echo $1$2$3", "cost: $5", "$HOME/$USER", "-----BEGIN CERTIFICATE-----\nMII\n", "a@b"]
)
def test_other_text_stays(text: str) -> None:
    assert contents(file(contents={"source": data(text.encode())})) == text.split("\n")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            {"passwd": {"users": [{"name": "a", "passwordHash": "x"}], "groups": [{"name": "b", "passwordHash": "x"}]}},
            {"passwd": {"users": [{"name": "a", "passwordHash": ONE}], "groups": [{"name": "b", "passwordHash": ONE}]}},
        ),
        (
            {"passwd": {"users": [{"name": "a", "sshAuthorizedKeys": ['from="h" ssh-ed25519 AAAAC3Nz/+= me@home']}]}},
            {"passwd": {"users": [{"name": "a", "sshAuthorizedKeys": [f'from="h" ssh-ed25519 {ONE} me@home']}]}},
        ),
        (
            {"passwd": {"users": [{"name": "a", "sshAuthorizedKeys": ["who knows"]}]}},
            {"passwd": {"users": [{"name": "a", "sshAuthorizedKeys": [ONE]}]}},
        ),
        (
            {"storage": {"luks": [{"name": "l", "keyFile": {"compression": "", "source": "data:,k"}, "device": "/d"}]}},
            {"storage": {"luks": [{"name": "l", "keyFile": ONE, "device": "/d"}]}},
        ),
        (
            {"storage": {"luks": [{"clevis": {"custom": {"pin": "pkcs11", "config": "pin-value=1"}, "tpm2": True}}]}},
            {"storage": {"luks": [{"clevis": {"custom": {"pin": "pkcs11", "config": ONE}, "tpm2": True}}]}},
        ),
        (
            {"ignition": {"version": "3.5.0", "proxy": {"httpProxy": "http://me:pw@proxy:3128"}}},
            {"ignition": {"version": "3.5.0", "proxy": {"httpProxy": f"http://{ONE}@proxy:3128"}}},
        ),
        (
            {"ignition": {"config": {"merge": [{"source": data(json.dumps({"a": YESCRYPT}).encode())}]}}},
            {"ignition": {"config": {"merge": [{"a": ONE}]}}},
        ),
        (
            {"ignition": {"config": {"replace": {"source": "data:,no%20config"}}}},
            {"ignition": {"config": {"replace": ONE}}},
        ),
        (
            {"kind": "MachineConfig", "spec": {"fips": True, "config": file(mode=0o600, contents=SECRET)}},
            {
                "kind": "MachineConfig",
                "spec": {
                    "fips": True,
                    "config": {"storage": {"files": [{"path": "/etc/a", "mode": "0600", "contents": ONE}]}},
                },
            },
        ),
        (
            [1, None, {"storage": {"files": "x"}}, {"systemd": {"units": [1]}}],
            [1, None, {"storage": {"files": "x"}}, {"systemd": {"units": [1]}}],
        ),
        (
            {"storage": {"files": [{"mode": "x", "contents": 1, "path": None}]}},
            {"storage": {"files": [{"mode": "x", "contents": 1, "path": None}]}},
        ),
    ],
)
def test_places(config: t.Any, expected: t.Any) -> None:
    assert shown(config) == expected


@pytest.mark.parametrize(
    "odd",
    [
        [1, None, {"a": True}],
        {"storage": {"files": "x"}, "systemd": {"units": [1, {"contents": 2, "dropins": 3}, {"dropins": [4]}]}},
        {"storage": {"files": [{"mode": "x", "contents": 1, "append": 2, "path": None}]}, "spec": 1},
    ],
)
def test_what_butane_never_wrote_is_shown_as_it_is(odd: t.Any) -> None:
    assert shown(odd) == odd


def test_a_changed_secret_shows_and_an_unchanged_one_does_not() -> None:
    hidden = Hidden()
    before = view({"passwd": {"users": [{"passwordHash": "a"}, {"passwordHash": "b"}]}}, (), hidden)
    after = view({"passwd": {"users": [{"passwordHash": "a"}, {"passwordHash": "c"}]}}, (), hidden)
    assert before["passwd"]["users"][0] == after["passwd"]["users"][0]
    assert before["passwd"]["users"][1] != after["passwd"]["users"][1]


def test_another_encoding_of_a_hidden_file_is_no_change() -> None:
    hidden = Hidden()
    views = [
        view(file(mode=0o600, contents=resource), (), hidden)
        for resource in (
            {"source": "data:,a"},
            {"source": data(b"a")},
            {"source": data(gzip.compress(b"a")), "compression": "gzip"},
        )
    ]
    assert views[0] == views[1] == views[2]
