# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What update-engine says of itself. Its client ends with 0 whether it got an answer or not."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass

from ..node import Completed, File

IDLE = "UPDATE_STATUS_IDLE"
NEED_REBOOT = "UPDATE_STATUS_UPDATED_NEED_REBOOT"

_OPERATION = re.compile(r"UPDATE_STATUS_[A-Z_]+")

# Without its service the client would try for 40 seconds.
_NOT_RUNNING = 3
SCRIPT = f"""
systemctl is-active --quiet update-engine.service || exit {_NOT_RUNNING}
exec timeout 60 update_engine_client -status
"""
ARGV = ("sh", "-c", SCRIPT)

# The prefix that glog puts before a message: severity, date, time, thread, place. This is the file that decides about
# an attempt, and it has errors only about failed ones.
_FAILED = re.compile(r"E\d{4,8} [\d:.]+ +\d+ update_attempter\.cc:\d+\] (?P<text>.*)")
_ERROR = re.compile(r"[EF]\d{4,8} [\d:.]+ +\d+ \S+\] (?P<text>.*)")


@dataclass(frozen=True)
class Status:
    operation: str
    progress: float
    new_version: str | None
    """None when there is none; update-engine also forgets it when it is restarted."""
    new_size: int
    last_checked: int | None
    """When the server last gave a good answer, in seconds since 1970."""

    @property
    def need_reboot(self) -> bool:
        return self.operation == NEED_REBOOT

    @property
    def busy(self) -> bool:
        return self.operation not in (IDLE, NEED_REBOOT)


@dataclass(frozen=True)
class Answer:
    """A status, or why there is none."""

    status: Status | None
    missing: str = ""


def read(found: Completed | File | None) -> Answer:
    """What the script above printed."""
    if not isinstance(found, Completed):
        return Answer(None, "the node has no sh")
    if found.rc == _NOT_RUNNING:
        return Answer(None, "update-engine.service does not run")
    blocks = parse(found.stdout)
    if not blocks:
        return Answer(None, "update-engine gave no answer, which it does to root only; run the task with become")
    return Answer(blocks[-1])


def parse(output: str) -> list[Status]:
    """Every status in the output of ``-status`` or ``-update``; one that the client made up for want of an answer is
    none."""
    blocks: list[dict[str, str]] = []
    for line in output.splitlines():
        key, equals, value = line.partition("=")
        if key == "LAST_CHECKED_TIME":
            blocks.append({})
        if equals and blocks:
            blocks[-1][key] = value
    return [_status(block) for block in blocks if _OPERATION.fullmatch(block.get("CURRENT_OP", ""))]


def _status(block: t.Mapping[str, str]) -> Status:
    version = block.get("NEW_VERSION", "")
    known = bool(re.search("[1-9]", version))
    return Status(
        block["CURRENT_OP"],
        float(block.get("PROGRESS", 0)),
        version if known else None,
        int(block.get("NEW_SIZE", 0)),
        int(block.get("LAST_CHECKED_TIME", 0)) or None,
    )


def failures(journal: str) -> tuple[bool, list[str]]:
    """Whether an attempt failed, and all errors, by the journal of update-engine as JSON lines."""
    failed, errors = False, []
    for line in journal.splitlines():
        try:
            message = json.loads(line)["MESSAGE"]
        except (ValueError, KeyError, TypeError):
            continue
        error = _ERROR.match(message) if isinstance(message, str) else None
        if error:
            failed = failed or _FAILED.match(message) is not None
            errors.append(error["text"])
    return failed, errors
