# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host itself says about a boot that failed."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ..node import Completed, File, Node, Source, last_line

_JOURNAL = ("journalctl", "--no-pager", "--output=cat", "--lines=200")

# How the two generations of greenboot say that a check failed. The first has one line for required and wanted ones,
# under a heading; the other one has what the check wrote after it.
_HEADING = re.compile(r"Running (Required|Wanted) Health Check Scripts\.\.\.")
_FAILURE = re.compile(r"Script '(?P<name>.+)' FAILURE \(exit code '\d+'\).*")
_LOGGED = re.compile(r"\s*(?:TRACE|DEBUG|INFO|WARN|ERROR)\s+\S+\s+> ")
_FAILED = re.compile(r".*required script (?:.*/)?(?P<name>[^/]+) failed!")

Reason = dict[str, str]


@dataclass(frozen=True)
class FailedCheck:
    """``output`` is empty where greenboot does not repeat what the check wrote."""

    name: str
    line: str
    output: str = ""


def explain(node: Node, left: str, *, this_boot: bool) -> list[Reason]:
    """What was found, the most telling first. Empty when the host has nothing to say.

    :arg left: the id of the boot from which it was rebooted. libostree writes a staged deployment at its end.
    :arg this_boot: whether it is about the boot that runs, and not about the one before.
    """
    which = f"--boot={0 if this_boot else -1}"
    end_of_left = f"--boot={left.replace('-', '')}"
    reads: dict[str, Source] = {
        "ostree-finalize-staged": (*_JOURNAL, end_of_left, "--unit=ostree-finalize-staged.service"),
        "greenboot": (*_JOURNAL, which, "--unit=greenboot-healthcheck.service"),
        # The login message of each generation.
        "/run/motd.d/boot-status": "/run/motd.d/boot-status",
        "/etc/motd.d/boot-status": "/etc/motd.d/boot-status",
        "the errors in its journal": (*_JOURNAL, which, "--priority=err"),
    }
    texts = {source: _text(found) for source, found in node.gather(reads).items()}
    texts["ostree-finalize-staged"] = _errors(texts["ostree-finalize-staged"])
    check = failed_check(texts["greenboot"])
    if check is not None:
        said = check.output or _written_by(node, which, check.name)
        # Before what greenboot says of it, and after what kept the deployment from being written.
        texts = {
            "ostree-finalize-staged": texts.pop("ostree-finalize-staged"),
            f"check {check.name}": said or check.line,
            **texts,
        }
    return [{"source": source, "text": text} for source, text in texts.items() if text]


def because(reasons: list[Reason]) -> str:
    """The end of a sentence: the one line that tells most."""
    return f"; {reasons[0]['source']} says: {last_line(reasons[0]['text'])}" if reasons else ""


def failed_check(log: str) -> FailedCheck | None:
    """The first required check that failed, in the log of either generation."""
    required = False
    lines = log.splitlines()
    for number, line in enumerate(lines):
        heading = _HEADING.fullmatch(line)
        if heading:
            required = heading[1] == "Required"
        failure = _FAILURE.fullmatch(line)
        if failure and required:
            return FailedCheck(failure["name"], line)
        failed = _FAILED.fullmatch(line)
        if failed:
            return FailedCheck(failed["name"], line.strip(), _until_logged(lines[number + 1 :]))
    return None


def _until_logged(lines: t.Iterable[str]) -> str:
    output = []
    for line in lines:
        if _LOGGED.match(line):
            break
        output.append(line)
    return "\n".join(output).strip()


def _errors(log: str) -> str:
    """What ostree says at its end when it fails (its src/ostree/main.c), at no priority of its own.

    systemd has more to say of the unit, also of cycles in its order, which keep no deployment from being written.
    """
    return "\n".join(line for line in log.splitlines() if line.startswith("error: "))


def _written_by(node: Node, which: str, check: str) -> str:
    """The shell generation has the output of a check under the name of its file."""
    return _text(node.gather({"output": (*_JOURNAL, which, f"--identifier={check}")})["output"])


def _text(found: Completed | File | None) -> str:
    if isinstance(found, Completed):
        # journalctl has words of its own for no words.
        return "" if found.rc != 0 or found.stdout.startswith("-- No entries --") else found.stdout.strip()
    return "" if found is None else found.content.decode("utf-8", "replace").strip()
