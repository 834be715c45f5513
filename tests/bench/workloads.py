#!/usr/bin/env python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it costs that nothing has to be done: ten containers of one owner that run, on a real guest.

The module containers.podman.podman_container, the role fedora.linux_system_roles.podman and the role
evergreen.fleet.workloads each have ten containers, and are asked in turn. The ratios are those of the medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys

from guest.lab import HERE, PEERS, lab

OURS = "evergreen.fleet.workloads"
THEIRS = "containers.podman.podman_container"
ROLE = "fedora.linux_system_roles.podman"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="how often each is asked (default: %(default)s)")
    options = parser.parse_args()
    took: dict[str, list[float]] = {}
    with lab() as guest:
        # It is not part of the ansible package, so whoever wants the comparison installs it beside that.
        peers = [
            OURS,
            THEIRS,
            *([ROLE] if list(PEERS.glob("**/ansible_collections/fedora/linux_system_roles")) else []),
        ]
        guest.play(HERE / "workloads_up.yml", f"--extra-vars=bench_role={str(ROLE in peers).lower()}")
        for _run in range(options.runs):
            for peer in peers:
                tasks = guest.seconds(HERE / f"workloads_{peer.replace('.', '_')}.yml")
                took.setdefault(peer, []).append(sum(sum(runs) for runs in tasks.values()))
    ours = statistics.median(took[OURS])
    for peer, runs in took.items():
        middle = statistics.median(runs)
        spread = f"{min(runs):.2f} to {max(runs):.2f}"
        print(f"{peer:36} {len(runs)} runs, median {middle:6.2f} s, {spread}, ratio to ours {middle / ours:6.1f}")
    if ROLE not in took:
        print(f"{ROLE:36} not compared: the collection is not installed in {PEERS.name}")
    print(f"{os.cpu_count()} CPUs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
