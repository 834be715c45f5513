# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What greenboot writes to the journal about its checks. It has no other interface, so these texts are one.

Recorded from the shell generation 0.15.9 (and 0.15.5 to 0.15.8 where said) and from greenboot-rs 0.16.4. They are the
same in the other releases from 0.13 and 0.16.0.
"""

from __future__ import annotations

import re

# greenboot-rs logs through pretty_env_logger: level, module and message.
_LOGGED = r"\s*(?:TRACE|DEBUG|INFO|WARN|ERROR)\s+\S+\s+> "

RUST_LOGGED = re.compile(_LOGGED)
"""Begins every line of greenboot-rs itself; the output of a script has no such beginning."""

FALLBACK = re.compile(rf"(?:{_LOGGED})?FALLBACK BOOT DETECTED! .*")
"""Both, in the boot after they fell back."""

SHELL_RUNNING = re.compile(r"Running (?P<kind>Required|Wanted) Health Check Scripts\.\.\.")
"""Before the scripts of a folder. Nothing says that a single script begins: they run one after the other."""

SHELL_PASSED = re.compile(r"Script '(?P<name>.+)' SUCCESS")
SHELL_FAILED = re.compile(r"Script '(?P<name>.+)' FAILURE \(exit code '\d+'\)(?:\. Continuing\.\.\.)?")

SHELL_DISABLED = re.compile(r"'(?P<name>.+)' was skipped, as specified in config")
"""Since 0.15.5."""

SHELL_NOT_RUN = re.compile(r"'(?P<name>.+)' was skipped due to a previous failure")
"""Since 0.15.8, which stops at the first required check that fails. It is also in the program itself."""

RUST_RUNNING = re.compile(rf"(?:{_LOGGED})?running (?P<kind>required|wanted|green|red) check (?P<path>/.+)")
RUST_PASSED = re.compile(rf"(?:{_LOGGED})?(?P<kind>required|wanted|green|red) script (?P<path>/.+) success!")

RUST_FAILED = re.compile(rf"(?:{_LOGGED})?(?P<kind>required|wanted|green|red) script (?P<path>/.+) failed!")
"""What the script wrote is in the lines after it. For wanted checks they come when all of a folder have run."""

RUST_ENDED = re.compile(
    rf"(?:{_LOGGED})?(?:(?:required script|wanted script runner) error:|greenboot health-check passed\.|"
    r"Greenboot error: .*)"
)
"""The check that ran before it has ended."""

RUST_DISABLED = re.compile(rf"(?:{_LOGGED})?Skipping disabled script: (?P<name>.+)")
