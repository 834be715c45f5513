# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""pull-agent CONFIGURATION: bring this site to the newest commit that a pinned signer has signed.

Exit status: 0 when the site is what the newest commit says, 75 when another run has the lock, otherwise 1.
"""

from __future__ import annotations

import dataclasses
import datetime
import fcntl
import os
import subprocess
import sys
import typing as t
from pathlib import Path

from config import Config, load
from cycle import Cycle, Outcome
from repository import Repository
from store import Store

LOCKED = 75


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Run:
    def __init__(self, config: Config, lock: int) -> None:
        self._config = config
        self._lock = lock
        self._state = Path(config.state)
        self._store = Store(self._state)
        self._started = now()
        self._report: str | None = None

    def run(self) -> int:
        cycle = Cycle(self._config, Repository(self._config, [self._lock]), self._store, self._play)
        try:
            outcome = cycle.run()
        except OSError as error:
            outcome = Outcome("failed", str(error))
        self._tell(outcome)
        print(": ".join(each for each in (outcome.outcome, outcome.reason) if each))
        return 0 if outcome.is_well else 1

    def _play(self, commit: str) -> int:
        self._report = f"reports/{self._started.replace(':', '')}-{commit[:12]}"
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._state),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_HOME": str(self._state / "ansible"),
            "ANSIBLE_CALLBACKS_ENABLED": "evergreen.fleet.fleet_report",
            "EVERGREEN_FLEET_REPORT_FOLDER": str(self._state / self._report),
            **self._config.environment,
        }
        # The lock is kept for as long as the play lives, also when this process is killed.
        return subprocess.run(  # noqa: S603 - what the role was told to run
            self._config.command,
            cwd=self._store.folder(commit),
            env=environment,
            stdin=subprocess.DEVNULL,
            check=False,
            pass_fds=[self._lock],
        ).returncode

    def _tell(self, outcome: Outcome) -> None:
        document: dict[str, t.Any] = {
            "schema": 1,
            "started": self._started,
            "finished": now(),
            **dataclasses.asdict(outcome),
            "good": self._store.load().good,
            "report": self._report,
        }
        self._store.replace("status.json", document)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        raise SystemExit(__doc__)
    config = load(arguments[0])
    with open(Path(config.state, "lock"), "a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another run has the lock")
            return LOCKED
        return Run(config, lock.fileno()).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
