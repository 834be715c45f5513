# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host itself says about a boot that failed."""

from __future__ import annotations

import re

from ..node import Completed, File, Node, Source, last_line

_JOURNAL = ("journalctl", "--no-pager", "--output=cat", "--lines=40")

# How both generations of greenboot say which check it was.
_FAILED_CHECK = re.compile(r".*(?:FAILURE \(exit code|required script .* failed!).*")

Reason = dict[str, str]


def explain(node: Node, left: str, *, this_boot: bool) -> list[Reason]:
    """Everything in one round trip, the most telling first. Empty when the host has nothing to say.

    :arg left: the id of the boot from which it was rebooted. libostree writes a staged deployment at its end.
    :arg this_boot: whether it is about the boot that runs, and not about the one before.
    """
    which = f"--boot={0 if this_boot else -1}"
    end_of_left = f"--boot={left.replace('-', '')}"
    reads: dict[str, Source] = {
        "ostree-finalize-staged": (*_JOURNAL, end_of_left, "--priority=err", "--unit=ostree-finalize-staged.service"),
        "greenboot": (*_JOURNAL, which, "--unit=greenboot-healthcheck.service"),
        # The login message of each generation.
        "/run/motd.d/boot-status": "/run/motd.d/boot-status",
        "/etc/motd.d/boot-status": "/etc/motd.d/boot-status",
        "the errors in its journal": (*_JOURNAL, which, "--priority=err"),
    }
    texts = ((source, _text(found)) for source, found in node.gather(reads).items())
    return [{"source": source, "text": text} for source, text in texts if text]


def because(reasons: list[Reason]) -> str:
    """The end of a sentence: the one line that tells most."""
    if not reasons:
        return ""
    text = reasons[0]["text"]
    failed = _FAILED_CHECK.search(text)
    return f"; {reasons[0]['source']} says: {(failed[0].strip() if failed else last_line(text))}"


def _text(found: Completed | File | None) -> str:
    if isinstance(found, Completed):
        # journalctl has words of its own for no words.
        return "" if found.rc != 0 or found.stdout.startswith("-- No entries --") else found.stdout.strip()
    return "" if found is None else found.content.decode("utf-8", "replace").strip()
