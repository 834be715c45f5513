#!/usr/bin/env python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One bad update after another on one guest: each is taken back by the node itself, and nothing is lost.

Each update is that of the story of zsh in the scenario "rollback", with everything that the story asserts, but with one
attempt. Around all of them, every file of /etc and a folder of /var are compared with what they were before.
"""

from __future__ import annotations

import argparse
import sys

from guest.lab import HERE, scenario


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=20, help="how many bad updates (default: %(default)s)")
    parser.add_argument(
        "--generation", choices=["rust", "shell"], default="rust", help="of greenboot (default: %(default)s)"
    )
    options = parser.parse_args()
    with scenario("rollback", rollback_generation=options.generation) as guest:
        guest.show(HERE / "bad_updates.yml", f"--extra-vars=bench_updates={options.updates}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
