# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the files of an owner are. Paths in a user's home begin with ``%h/`` until a script on the node resolves it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Places:
    user: str

    @property
    def root(self) -> bool:
        return self.user == "root"

    @property
    def quadlets(self) -> str:
        """The folder of Quadlet files, and of what lies beside them."""
        return "/etc/containers/systemd" if self.root else "%h/.config/containers/systemd"

    @property
    def units(self) -> str:
        """The folder of plain units."""
        return "/etc/systemd/system" if self.root else "%h/.config/systemd/user"

    @property
    def search(self) -> tuple[str, ...]:
        """Where the generator looks for Quadlet files, first come first served."""
        if self.root:
            return "/run/containers/systemd", self.quadlets, "/usr/share/containers/systemd"
        # One user's own folder below users/ is named by the number, which only the node knows: see survey.py.
        return self.quadlets, "/etc/containers/systemd/users/%U", "/etc/containers/systemd/users"
