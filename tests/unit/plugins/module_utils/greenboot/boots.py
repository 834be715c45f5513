# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Boots as the journal tells them: lines of seconds, who writes, and what.

``R`` is required.d and ``W`` is wanted.d below /etc/greenboot/check. ``>`` before a text of greenboot-rs stands for
what its logger puts there.
"""

from __future__ import annotations

import json
import re
import typing as t

HEALTH_CHECK = "greenboot-healthcheck.service"
CHECK = "/etc/greenboot/check"
_LOGGED = " INFO  greenboot::greenboot > "


def journal(lines: str) -> str:
    """The output of journalctl. The writer is ``greenboot``, the name of a script, or a unit."""
    return "".join(json.dumps(_entry(*line.split(None, 2))) + "\n" for line in lines.strip().splitlines())


def _entry(at: str, who: str, message: str = "") -> dict[str, t.Any]:
    message = re.sub(r"\bR/", f"{CHECK}/required.d/", re.sub(r"\bW/", f"{CHECK}/wanted.d/", message))
    return {
        "__MONOTONIC_TIMESTAMP": str(int(float(at) * 1_000_000)),
        "__CURSOR": "s=1;i=1",
        "_SYSTEMD_UNIT": who if who.endswith(".service") else HEALTH_CHECK,
        "SYSLOG_IDENTIFIER": "greenboot" if who.endswith(".service") else who,
        "MESSAGE": _LOGGED + message[1:] if message.startswith(">") else message,
    }


SHELL_GREEN = """
10.0 greenboot Running Required Health Check Scripts...
10.5 10_zsh.sh looking for zsh
10.7 greenboot Script '10_zsh.sh' SUCCESS
11.0 greenboot '20_off.sh' was skipped, as specified in config
11.5 greenboot Script '50_route.sh' SUCCESS
11.5 greenboot Running Wanted Health Check Scripts...
12.0 50_time.sh not synchronised
13.5 greenboot Script '50_time.sh' FAILURE (exit code '1'). Continuing...
"""

SHELL_RED_EARLY = """
10.0 greenboot Running Required Health Check Scripts...
10.5 10_zsh.sh zsh is missing
10.7 greenboot Script '10_zsh.sh' FAILURE (exit code '1'). Continuing...
10.8 greenboot '20_off.sh' was skipped due to a previous failure
10.8 greenboot '50_route.sh' was skipped due to a previous failure
"""

SHELL_OLD_RED = """
10.0 greenboot Running Required Health Check Scripts...
10.7 greenboot Script '10_zsh.sh' FAILURE (exit code '3')
11.0 greenboot Script '20_off.sh' SUCCESS
12.5 greenboot Script '50_route.sh' SUCCESS
"""

SHELL_RUNNING = """
10.0 greenboot Running Required Health Check Scripts...
10.7 greenboot Script '10_zsh.sh' SUCCESS
10.9 20_off.sh waiting
"""

RUST_GREEN = """
10.0 greenboot >running required check R/10_zsh.sh
10.7 greenboot >required script R/10_zsh.sh success!
11.0 greenboot >Skipping disabled script: 20_off.sh
11.0 greenboot >running required check R/50_route.sh
11.5 greenboot >required script R/50_route.sh success!
11.5 greenboot >running wanted check W/50_time.sh
13.5 greenboot >wanted script runner error:
13.5 greenboot >wanted script W/50_time.sh failed!
13.5 greenboot not synchronised
13.5 greenboot >greenboot health-check passed.
13.6 greenboot >running green check /etc/greenboot/green.d/50_tell.sh
13.7 greenboot >green script /etc/greenboot/green.d/50_tell.sh success!
"""

RUST_RED = """
10.0 greenboot >running required check R/10_zsh.sh
10.7 greenboot >required script error:
10.7 greenboot >required script R/10_zsh.sh failed!
10.7 greenboot zsh is missing
10.7 greenboot
10.7 greenboot /etc/greenboot/check/required.d/10_zsh.sh: line 4: boom
10.7 greenboot >Greenboot error: required health-check failed, skipping remaining scripts
10.8 greenboot >running red check /etc/greenboot/red.d/50_tell.sh
10.9 greenboot >There is a problem with red script runner
10.9 greenboot >red script /etc/greenboot/red.d/50_tell.sh failed!
10.9 greenboot what a red script says
"""

RUST_CANNOT_START = """
10.0 greenboot >running required check R/10_zsh.sh
10.1 greenboot >required script error:
10.1 greenboot >Exec format error (os error 8)
10.1 greenboot >Greenboot error: required health-check failed, skipping remaining scripts
"""

RUST_RUNNING = """
10.0 greenboot >running required check R/10_zsh.sh
10.7 greenboot >required script R/10_zsh.sh success!
10.7 greenboot >running required check R/20_off.sh
"""
