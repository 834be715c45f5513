# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text for butane, and the way back from its positions to the fragments."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.butane import report
from ansible_collections.evergreen.fleet.plugins.module_utils.butane.model import ConfigError, Entry, Fragment
from ansible_collections.evergreen.fleet.plugins.module_utils.butane.source import Single, compose

FIXTURES = Path(__file__).parents[5].parent / "shared" / "fixtures" / "butane"
DOCUMENTS = sorted(FIXTURES.glob("*/*.bu"))
HEADER = "variant: fcos\nversion: 1.6.0\n"
# With it even one fragment takes the long way.
EMPTY = Fragment("empty.bu", "{}")

needs_butane = pytest.mark.skipif(shutil.which("butane") is None, reason="there is no butane in PATH")
needs_documents = pytest.mark.skipif(not DOCUMENTS, reason=f"there are no recorded documents in {FIXTURES}")


def test_one_fragment_goes_to_butane_as_it_is() -> None:
    text = "# mine\r\nvariant: fcos\nversion: 1.6.0 # ours\n"
    assert compose([Fragment("a.bu", text)]).text == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEADER, ("fcos", "1.6.0")),
        ("version: \"1.6.0\"\nvariant: 'fcos'  # ours\n", ("fcos", "1.6.0")),
        ("variant: fcos\nversion: 1.8.0-experimental\n", ("fcos", "1.8.0-experimental")),
        ("{variant: fcos, version: 1.6.0}", ("fcos", "1.6.0")),
        ('a: "\nversion: 2"\nvariant: fcos\nversion: 1.6.0\n', ("fcos", "1.6.0")),
        ("version: 1.6.0\n", (None, "1.6.0")),
    ],
)
def test_header(text: str, expected: tuple[str | None, str | None]) -> None:
    assert compose([Fragment("a.bu", text)]).header() == expected
    assert compose([Fragment("a.bu", text), EMPTY]).header() == expected


@pytest.mark.parametrize(
    "text", ["---\n" + HEADER, "# a\n---\n# b\n" + HEADER, "%YAML 1.1\n---\n" + HEADER, HEADER + "a: |\n  ---\n"]
)
def test_one_document(text: str) -> None:
    assert isinstance(compose([Fragment("a.bu", text)]), Single)


@pytest.mark.parametrize(
    ("text", "line"), [(HEADER + "---\na: b\n", 3), ("---\n---\n" + HEADER, 2), ("--- {}\n--- {}\n", 2)]
)
def test_a_second_document_is_refused(text: str, line: int) -> None:
    with pytest.raises(ConfigError, match=rf"^a\.bu:{line}:1: a second YAML document begins here"):
        compose([Fragment("a.bu", text)])


NOWHERE = Entry("error", "unknown flag: --raw")


@pytest.mark.parametrize(
    ("text", "entry", "place"),
    [
        pytest.param("x", Entry("error", "m", "$.a", line=5, column=7), ("a.bu", 5, 7), id="butane knows it"),
        pytest.param("a: 1\nb: hello\n", Entry("error", "into int", line=2), ("a.bu", 2, 4), id="a value"),
        pytest.param("a:\n - b: {c: 1}\n", Entry("error", "!!map into", line=2), ("a.bu", 2, 7), id="a mapping"),
        pytest.param("a:\n - b: [{c: 1}]\n", Entry("error", "!!seq into", line=2), ("a.bu", 2, 7), id="a list"),
        pytest.param("x: 1\nversion: 7\n", Entry("error", "m", "$.version"), ("a.bu", 2, 10), id="a key"),
        pytest.param("a: 1\nb: 2\n", Entry("error", "m", "$.variant"), ("a.bu", 1, 1), id="a key that is missing"),
        pytest.param("a:\n- b\n- c\n", Entry("error", "m", "$.a.1"), ("a.bu", 3, 3), id="an entry"),
        pytest.param("a: 1\n\n", Entry("error", "m", line=2), ("a.bu", 2, None), id="nothing begins there"),
        pytest.param("a: 1\n", NOWHERE, (None, None, None), id="not about the document"),
        pytest.param("- a\n", Entry("warning", "m", "$.a"), ("a.bu", None, None), id="butane takes what we would not"),
    ],
)
def test_places_of_one_fragment(text: str, entry: Entry, place: tuple[str | None, int | None, int | None]) -> None:
    (found,) = compose([Fragment("a.bu", text)]).locate([entry])
    assert (found.file, found.line, found.column) == place
    assert (found.severity, found.message, found.path) == (entry.severity, entry.message, entry.path)


def test_a_syntax_error_gets_its_column() -> None:
    source = compose([Fragment("a.bu", "variant: fcos\nstorage: [\n")])
    (found,) = source.locate([Entry("error", "did not find expected node content", line=2)])
    assert (found.file, found.line, found.column) == ("a.bu", 3, 1)


FIRST = """\
variant: fcos
version: 1.6.0
storage:
  files:
    - path: etc/first
      mode: 0644
systemd:
  units:
    - name: a.service
      enabled: true
      contents: |
        [Service]
        ExecStart=/bin/true
"""
SECOND = """\
# a comment, so that no line is where it was

storage:
  files:
    - contents: {inline: "\u20ac", inlin: x}
      path: "etc/second"
      mode: 644
    - path: /etc/third
      overwrite: perhaps
      contents: [a]
"""


@needs_butane
def test_places_of_several_fragments() -> None:
    """What real butane says of the merged document lands on the lines of the authors."""
    strings = SECOND.replace("      overwrite: perhaps\n      contents: [a]\n", "")
    assert findings(FIRST, strings) == {
        ("$.storage.files.0.path", "a.bu", 5, 13),
        ("$.storage.files.1.contents.inlin", "b.bu", 5, 31),
        ("$.storage.files.1.path", "b.bu", 6, 13),
        ("$.storage.files.1.mode", "b.bu", 7, 13),
        ("$.systemd.units.0.contents", "a.bu", 11, 17),
    }
    # Errors of the decoder, which name nothing but a line.
    assert findings(FIRST, SECOND) == {(None, "b.bu", 9, 18), (None, "b.bu", 10, 17)}
    assert findings(FIRST.replace("1.6.0", "9.9.9"), "") == {("$.version", "a.bu", 2, 10)}


def findings(*texts: str) -> set[tuple[str | None, str | None, int | None, int | None]]:
    source = compose([Fragment(f"{name}.bu", text) for name, text in zip("ab", texts) if text])
    done = subprocess.run(["butane"], input=source.text.encode(), capture_output=True, check=False)
    entries = source.locate(report.parse(done.stderr.decode(errors="replace"), failed=done.returncode != 0))
    return {(entry.path, entry.file, entry.line, entry.column) for entry in entries}


def butane(text: str) -> tuple[int, str, list[tuple[str, str | None]]]:
    """Exit code, output and findings of real butane, without positions."""
    argv = ["butane", "--strict", "--files-dir", str(FIXTURES / "cases" / "files-dir")]
    done = subprocess.run(argv, input=text.encode(), capture_output=True, check=False)
    entries = report.parse(done.stderr.decode(errors="replace"), failed=done.returncode != 0)
    return done.returncode, done.stdout.decode(), [(entry.message, entry.path) for entry in entries]


@needs_butane
@needs_documents
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_butane_understands_the_merged_text_as_it_does_the_original(document: Path) -> None:
    text = document.read_text()
    try:
        # One fragment for each key at the top.
        source = compose([*(Fragment(f"{number}.bu", part) for number, part in enumerate(parts(text))), EMPTY])
    except ConfigError:
        assert butane(text)[0] != 0
        return
    assert butane(source.text) == butane(text)


def parts(text: str) -> list[str]:
    """A document cut in front of every key at the top."""
    cut: list[str] = []
    for line in text.splitlines(keepends=True):
        if not cut or line[:1].isalpha():
            cut.append("")
        cut[-1] += line
    return cut or [""]


ODD = {
    "octal": "0644",
    "decimal": "420",
    "hexadecimal": "0x1a4",
    "underscores": "4_20",
    "text that is a number": "'0644'",
    "negative": "-5",
    "boolean": "yes",
    "another boolean": "True",
    "text that is a boolean": '"true"',
    "null": "~",
    "nothing": "",
    "date": "2024-05-06",
    "time": "2024-05-06 07:08:09",
    "float": "1.50",
    "infinity": ".inf",
    "version": "1.2.3",
    "dash": "'-'",
    "tagged": "!!str 0644",
    "tagged number": "!!int '0644'",
    "binary": "!!binary aGVsbG8=",
    "own tag": "!mine text",
    "no tag": "! 0644",
    "flow characters": "'a, b: [c] {d} #e'",
    "plain with a colon": "http://example.com/#x",
    "escapes": '"\\ta\\x7f\\u2028\\U0001F600\\\\ \\""',
    "block": "|\n      one\n\n       two\n      # three\n",
    "folded": ">-\n      one\n      two\n",
    "multi-line plain": "one\n      two\n",
    "not ASCII": "gr\u00fc\u00df dich \U0001f600",
}


@needs_butane
@pytest.mark.parametrize("key", ["mode", "overwrite", "path"])
@pytest.mark.parametrize("value", ODD.values(), ids=ODD.keys())
def test_butane_understands_every_kind_of_value(key: str, value: str) -> None:
    """As a number, as a boolean and as text: what butane accepts and makes of it does not change by merging."""
    text = f"storage:\n files:\n  - {'' if key == 'path' else 'path: /a'}\n    {key}: {value}\n"
    rc, out, findings = butane(HEADER + text)
    merged = butane(compose([Fragment("a.bu", HEADER), Fragment("b.bu", text)]).text)
    assert merged[:2] == (rc, out)
    assert [path for _message, path in merged[2]] == [path for _message, path in findings]
    if rc == 0:
        assert json.loads(out)["storage"]["files"]
