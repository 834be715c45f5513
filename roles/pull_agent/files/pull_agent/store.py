# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the agent remembers from run to run, and the folders of the commits. Every change is whole or not there."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import typing as t
from pathlib import Path

from repository import sync_folder


@dataclasses.dataclass(frozen=True)
class State:
    # The last commit whose play succeeded.
    good: str | None = None
    # How often each commit was tried since then.
    attempts: dict[str, int] = dataclasses.field(default_factory=dict)
    # The accepted commit, once it was taken.
    accepted: str | None = None

    def tried(self, commit: str) -> State:
        attempts = {**self.attempts, commit: self.attempts.get(commit, 0) + 1}
        return dataclasses.replace(self, attempts=attempts)

    def proven(self, commit: str, accepted: str | None) -> State:
        return State(good=commit, accepted=accepted if commit == accepted else self.accepted)


class Store:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._commits = folder / "commits"
        self._link = folder / "current"

    def folder(self, commit: str) -> Path:
        return self._commits / commit

    def load(self) -> State:
        file = self._folder / "state.json"
        return State(**json.loads(file.read_text())) if file.exists() else State()

    def save(self, state: State) -> None:
        self.replace("state.json", dataclasses.asdict(state))

    def replace(self, name: str, document: dict[str, t.Any]) -> None:
        new = self._folder / f".{name}.new"
        with new.open("w", encoding="utf-8") as stream:
            json.dump(document, stream, indent=2)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(self._folder / name)
        sync_folder(self._folder)

    def point_at(self, commit: str | None) -> None:
        """The link "current", for people and programs: what is played, and between plays the last good commit."""
        if commit is None:
            self._link.unlink(missing_ok=True)
            return
        target = str(self.folder(commit).relative_to(self._folder))
        if self._link.is_symlink() and os.readlink(self._link) == target:
            return
        new = self._folder / ".current.new"
        new.unlink(missing_ok=True)
        new.symlink_to(target)
        new.replace(self._link)
        sync_folder(self._folder)

    def tidy(self, keep: str | None, reports: int) -> None:
        """Remove the folders of other commits, and old reports."""
        for each in self._commits.iterdir() if self._commits.exists() else ():
            if each.name != keep:
                _remove(each)
        kept = sorted((self._folder / "reports").glob("*"))
        for each in kept[: max(0, len(kept) - reports)]:
            _remove(each)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
