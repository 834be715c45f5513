#!/usr/bin/env python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it costs that nothing has to be done: a layered package that is there, on a real guest.

community.general.rpm_ostree_pkg and evergreen.fleet.ostree_host are asked in turn, in one play. The ratio is that of
the medians of the tasks.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys

from guest.lab import HERE, lab


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=30, help="how often each is asked (default: %(default)s)")
    options = parser.parse_args()
    with lab() as guest:
        guest.play(HERE / "layered.yml")
        took = guest.seconds(HERE / "layered_again.yml", f"--extra-vars=bench_runs={options.runs}")
    medians = []
    for task, module in (("Theirs", "community.general.rpm_ostree_pkg"), ("Ours", "evergreen.fleet.ostree_host")):
        runs = took[task]
        medians.append(statistics.median(runs))
        print(f"{module:34} {len(runs)} runs, median {medians[-1]:6.2f} s, {min(runs):.2f} to {max(runs):.2f}")
    theirs, ours = medians
    print(f"ratio theirs / ours                {theirs / ours:6.1f}   ({os.cpu_count()} CPUs)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
