# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reports of butane and ignition-validate as data.

butane writes its findings to the standard error output, in one of two forms (internal/report/report.go, v0.29.0):
one line for each up to 0.28, since 0.29 a block with the lines of the document around it. Both say the same and both
are read here, so that one run of butane is enough whatever its version. A finding without a position has the old form
in all versions. Errors of the YAML decoder, and of butane before it has a document, follow as free text.
ignition-validate writes the old form to the standard output. A line that is none of this is kept as an entry.
"""

from __future__ import annotations

import re
from dataclasses import replace

from .model import Entry

_KIND = r"(?P<severity>error|warning|info)"
_PATH = r"(?P<path>\$.*?)"
_LINES = tuple(
    re.compile(form)
    for form in (
        rf"{_KIND} at (?:{_PATH}, )?line (?P<line>\d+) col (?P<column>\d+): (?P<message>.*)",
        rf"{_KIND} at {_PATH}: (?P<message>.*)",
        rf"{_KIND}: (?P<message>.+)",
    )
)

_BLOCK = re.compile(rf"{_KIND}(?:\[{_PATH}\])?:")
_ARROW = re.compile(r"  --> .*:(?P<line>\d+):(?P<column>\d+)")
# Lines of the document carry their number, the message does not.
_GUTTER = re.compile(r" +(?P<number>\d*) *\|(?P<rest>.*)")

_FATAL = re.compile(r"(?:Error translating config|couldn't (?:parse|read) config): (?P<message>.*)")
_DECODER = re.compile(
    r"(?:Error unmarshaling yaml: yaml: |Error unmarshaling yaml: |yaml: )(?:line (?P<line>\d+): )?(?P<message>.*)"
)
_DECODER_LINE = re.compile(r"  line (?P<line>\d+): (?P<message>.*)")
_DECODER_LIST = "unmarshal errors:"

# What butane says last when entries have already said it all.
_SUMMARIES = frozenset(
    {
        "Error translating config: source config is invalid",
        "Error translating config: config generated was invalid",
        "Config produced warnings and --strict was specified",
    }
)


def parse(text: str, failed: bool, tool: str = "butane") -> list[Entry]:
    """Read a report.

    :arg failed: the tool ended with an error; then what cannot be read is one, else it is a warning.
    """
    reader = _Reader(text, failed)
    return [replace(entry, tool=tool) for entry in reader.entries]


class _Reader:
    def __init__(self, text: str, failed: bool) -> None:
        # Only this line break: butane copies lines of the document, whatever is in them.
        self._lines = text.split("\n")
        self._next = 0
        self._unknown: list[str] = []
        self._fallback = "error" if failed else "warning"
        self.entries: list[Entry] = []
        while self._next < len(self._lines):
            line = self._lines[self._next]
            self._next += 1
            if line.strip() == "" or (line in _SUMMARIES and self.entries):
                self._flush()
            elif not (self._line(line) or self._block(line) or self._fatal(line)):
                self._unknown.append(line)
        self._flush()

    def _add(self, entry: Entry) -> None:
        self._flush()
        self.entries.append(entry)

    def _flush(self) -> None:
        """Lines that nothing here can read and that stand together become one entry."""
        if self._unknown:
            self.entries.append(Entry(self._fallback, "\n".join(self._unknown)))
            self._unknown = []

    def _line(self, line: str) -> bool:
        found = next(filter(None, (form.fullmatch(line) for form in _LINES)), None)
        if found is None:
            return False
        parts = found.groupdict()
        self._add(Entry(found["severity"], found["message"], parts.get("path"), None, *_position(parts)))
        return True

    def _block(self, line: str) -> bool:
        head = _BLOCK.fullmatch(line)
        arrow = _ARROW.fullmatch(self._lines[self._next]) if head and self._next < len(self._lines) else None
        if head is None or arrow is None:
            return False
        self._next += 1
        self._add(Entry(head["severity"], self._message(), head["path"], None, *_position(arrow.groupdict())))
        return True

    def _message(self) -> str:
        """The text below the underlined word, up to the empty gutter that ends the block."""
        parts: list[str] = []
        gutters = 0
        while gutters < 2 and self._next < len(self._lines):
            line = self._lines[self._next]
            self._next += 1
            gutter = _GUTTER.fullmatch(line)
            if gutter is None:
                parts.append(line)
            elif gutter["number"] == "":
                said = gutter["rest"].lstrip(" ").lstrip("^").strip()
                gutters += said == ""
                parts += [said] if said else []
        return "\n".join(parts).rstrip("\n")

    def _fatal(self, line: str) -> bool:
        found = _FATAL.fullmatch(line)
        if found is None:
            return False
        decoder = _DECODER.fullmatch(found["message"])
        if decoder is None:
            self._add(Entry("error", found["message"], _header_path(found["message"])))
        elif decoder["message"] != _DECODER_LIST:
            number = decoder["line"]
            self._add(Entry("error", decoder["message"], None if number else "$", line=int(number) if number else None))
        else:
            for entry in self._decoder_list() or [Entry("error", decoder["message"], "$")]:
                self._add(entry)
        return True

    def _decoder_list(self) -> list[Entry]:
        """The rest of the report, one entry for each line of the document that it names."""
        entries: list[Entry] = []
        while self._next < len(self._lines):
            line = self._lines[self._next]
            item = _DECODER_LINE.fullmatch(line)
            if item is not None:
                entries.append(Entry("error", item["message"], line=int(item["line"])))
            elif entries and line:
                # A value that the decoder quotes goes over several lines.
                entries[-1] = replace(entries[-1], message=f"{entries[-1].message}\n{line}")
            elif line:
                break
            self._next += 1
        return entries


def _header_path(message: str) -> str:
    """Before butane knows what to translate to, it complains of nothing but these two keys."""
    return next((f"$.{key}" for key in ("version", "variant") if key in message), "$")


def _position(parts: dict[str, str | None]) -> tuple[int | None, int | None]:
    line, column = parts.get("line"), parts.get("column")
    return (None, None) if line is None or column is None else (int(line), int(column))
