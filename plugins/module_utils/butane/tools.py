# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running butane and ignition-validate."""

from __future__ import annotations

import typing as t

from ..errors import CommandError, FleetError
from ..node import Node
from . import report
from .model import ConfigError, Entry
from .source import Source

_HOW_TO_GET_BUTANE = (
    "get it with 'make setup' in a clone of this collection, as the package butane (Fedora), with"
    " 'go install github.com/coreos/butane/internal@v0.29.0' (the program is then called internal: rename it),"
    " or out of the container image coreos/butane"
)

# ignition-validate does not know the specification of the config: that says nothing about the config.
_NO_VERDICT = "unsupported config version"


def is_folder(node: Node, path: str) -> bool:
    """Whether a folder (or a link to one) is there."""
    return node.run(("test", "-d", path), ok=(0, 1)).rc == 0


def translate(node: Node, executable: str, options: t.Sequence[str], source: Source) -> tuple[str, list[Entry]]:
    """What butane makes of a document, and its findings.

    The document goes in through the standard input: nothing of it is ever in a file or in the list of processes.

    :raises ConfigError: butane refuses it.
    :raises FleetError: butane cannot be run.
    """
    argv = (executable, *options)
    try:
        # 1: the document is refused; 2: an option is, or butane crashed.
        done = node.run(argv, stdin=source.text.encode(), ok=(0, 1, 2))
    except CommandError as exc:
        # Its output can hold secrets: only the sentence goes on.
        how = f"; {_HOW_TO_GET_BUTANE}" if exc.rc is None else ""
        raise FleetError(f"executable: {exc.message}{how}") from None
    entries = source.locate(report.parse(done.stderr, failed=done.rc != 0))
    if done.rc != 0:
        raise ConfigError(entries or [Entry("error", f"ended with exit code {done.rc} and no message")])
    return done.stdout, entries


def validate(node: Node, ignition: str, required: bool) -> list[Entry]:
    """The findings of ignition-validate; none when it is not there.

    :arg required: it must be there, and must know the specification of the config.
    :raises FleetError: it is required and cannot tell.
    """
    try:
        done = node.run(("ignition-validate", "-"), stdin=ignition.encode(), ok=(0, 1, 2))
    except CommandError as exc:
        if exc.rc is None and not required:
            return []
        raise FleetError(f"validate: {exc.message}; with auto this task does without ignition-validate") from None
    failed = done.rc != 0
    entries = [
        *report.parse(done.stdout, failed, "ignition-validate"),
        *report.parse(done.stderr, failed, "ignition-validate"),
    ]
    if any(entry.message == _NO_VERDICT for entry in entries):
        if required:
            raise FleetError("validate: the ignition-validate here is too old for the Ignition version of this config")
        return [Entry("info", "too old for the Ignition version of this config", tool="ignition-validate")]
    return entries
