# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the two generations of greenboot keep what: folders, units, and how one is told from the other."""

from __future__ import annotations

SHELL = "shell"
"""The shell scripts, up to 0.15."""

RUST = "rust"
"""greenboot-rs, from 0.16."""

VENDOR = "/usr/lib/greenboot"
ADMIN = "/etc/greenboot"
CONFIG = f"{ADMIN}/greenboot.conf"
PROGRAM = "/usr/libexec/greenboot/greenboot"

REQUIRED = "required"
WANTED = "wanted"
GREEN = "green"
RED = "red"

FOLDERS = {REQUIRED: "check/required.d", WANTED: "check/wanted.d", GREEN: "green.d", RED: "red.d"}
"""By kind of script, below VENDOR and ADMIN."""

HEALTH_CHECK = "greenboot-healthcheck.service"
CHECK_FALLBACK = "greenboot-rpm-ostree-grub2-check-fallback.service"

COUNTERS = {RUST: "greenboot-set-rollback-trigger.service", SHELL: "greenboot-grub2-set-counter.service"}
"""The unit that prepares the node for the first boots of an update. Only its generation has it."""

UNITS = {
    SHELL: (
        HEALTH_CHECK,
        "greenboot-loading-message.service",
        "greenboot-task-runner.service",
        "redboot-task-runner.service",
        "redboot.target",
        "greenboot-status.service",
        COUNTERS[SHELL],
        "greenboot-grub2-set-success.service",
        CHECK_FALLBACK,
        "redboot-auto-reboot.service",
    ),
    RUST: (HEALTH_CHECK, COUNTERS[RUST], "greenboot-success.target"),
}

SIGNS = {generation: f"/usr/lib/systemd/system/{unit}" for generation, unit in COUNTERS.items()}
"""The file that tells that a generation is installed."""


def folder(base: str, kind: str) -> str:
    return f"{base}/{FOLDERS[kind]}"
