# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad documents get one sentence with a place; good ones keep what the author wrote."""

from __future__ import annotations

import sys

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.butane.document import Mapping, Node, Scalar, parse
from ansible_collections.evergreen.fleet.plugins.module_utils.butane.model import ConfigError, Fragment
from ansible_collections.evergreen.fleet.plugins.module_utils.butane.source import compose, decode
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi")
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.bu:1:1: the document is empty; a Butane document begins with its variant and version"),
        (
            "# only a comment\n---\n",
            "f.bu:1:1: the document is empty; a Butane document begins with its variant and ver",
        ),
        ("- a\n", "f.bu:1:1: a Butane document is a mapping with variant and version, and this is a list"),
        ("\n  text\n", "f.bu:2:3: a Butane document is a mapping with variant and version, and this is a single value"),
        ("a: b\nc:\n\td: 1\n", "f.bu:3:1: not valid YAML: found character '\\t' that cannot start any token"),
        ("a:\n  - b\n c: d\n", "f.bu:3:2: not valid YAML: expected <block end>, but found '<block mapping start>'"),
        ("a: b: c\n", "f.bu:1:5: not valid YAML: mapping values are not allowed here"),
        ("a: [b\n", "f.bu:2:1: not valid YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: 'b\n", "f.bu:2:1: not valid YAML: found unexpected end of stream"),
        ("a: b\nc: d\x00e\n", "f.bu:2:5: not valid YAML: the control character 0x00 is not allowed"),
        ('a: 1\nb: "\\UFFFFFFFF"\n', "f.bu:2:1: not valid YAML after this place: "),
        ("a: b\n---\na: c\n", "f.bu:2:1: a second YAML document begins here; butane would read only the first"),
        ("a: 1\nb: 2\na: 3\n", "f.bu:3:1: the key a is already set in line 1 of the same mapping"),
        ("? [a]\n: b\n", "f.bu:1:3: a key must be text, and this is a list"),
        ("a: *nowhere\n", "f.bu:1:4: the anchor nowhere is not defined before this place"),
        ("a: &a [*a]\n", "f.bu:1:8: the anchor a contains itself"),
        ("a: {<<: 1}\n", "f.bu:1:9: a merge key (<<) takes a mapping or a list of mappings"),
        ("a: " + "[" * 100_000, "f.bu:1:103: nested more than 100 levels deep"),
        ("a: &a " + "[" * 60 + "]" * 60 + "\nb: " + "[" * 60 + "*a" + "]" * 60, "f.bu:2:"),
        (BOMB, "f.bu:6:4: too large with every alias written out"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(Fragment("f.bu", text))
    assert caught.value.message.startswith(message)
    entry = caught.value.details["entries"][0]
    assert (entry["severity"], entry["file"], entry["path"]) == ("error", "f.bu", None)
    assert message.startswith(f"f.bu:{entry['line']}:")


def plain(node: Node) -> object:
    """A tree as lists and pairs, for comparison."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Mapping):
        return {key.text: plain(value) for key, value in node.items}
    return [plain(item) for item in node.items]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 0644\nb: yes\nc: 1.10\nd: ~\n", {"a": "0644", "b": "yes", "c": "1.10", "d": "~"}),
        ("a: &x {b: 1}\nc: *x\nd: *x\n", {"a": {"b": "1"}, "c": {"b": "1"}, "d": {"b": "1"}}),
        ("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\n", {"a": {"p": "1", "q": "2"}, "b": {"q": "3", "p": "1"}}),
        ("b: {<<: [{p: 1}, {p: 2, q: 3}]}\n", {"b": {"p": "1", "q": "3"}}),
        ("\ufeffa: |\r\n  x\r\n  y\r\n", {"a": "x\ny\n"}),
        ("%YAML 1.1\n---\na: b\n...\n", {"a": "b"}),
    ],
)
def test_kept(text: str, expected: object) -> None:
    assert plain(parse(decode("f.bu", text.encode()))) == expected


def test_a_scalar_knows_how_it_was_written() -> None:
    root = parse(Fragment("f.bu", "a: 0644\nb: '0644'\nc: !!str 0644\nd: !override 0644\n"))
    scalars = [value for _key, value in root.items if isinstance(value, Scalar)]
    assert [(scalar.plain, scalar.tag, scalar.word) for scalar in scalars] == [
        (True, "", ""),
        (False, "", ""),
        (False, "tag:yaml.org,2002:str", ""),
        (True, "", "override"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: \xe9\n", "f.bu:1:4: not UTF-8 text"),
        (b"a: b\nc: \xc3\xa9\xff\n", "f.bu:2:5: not UTF-8 text"),
        (b"\xef\xbb\xbfa: \xe9\n", "f.bu:1:4: not UTF-8 text"),
        (b"\xff\xfea\x00", "f.bu:1:1: not UTF-8 text"),
        (b"\x7fELF\x02\x01\x01\x00\x00\xb0", "f.bu:1:10: not UTF-8 text"),
    ],
)
def test_not_utf_8(content: bytes, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        decode("f.bu", content)
    assert caught.value.message == message


def test_without_ruamel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ruamel.yaml", None)
    alone = compose([Fragment("f.bu", "variant: fcos\nversion: 1.6.0\n")])
    assert alone.header() == ("fcos", "1.6.0")
    with pytest.raises(FleetError, match=r"needs the Python library ruamel\.yaml in .*: install it with pip"):
        compose([Fragment("a.bu", "a: 1"), Fragment("b.bu", "b: 1")])
