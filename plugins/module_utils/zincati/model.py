# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zincati on a node: its files and its unit."""

from __future__ import annotations

from dataclasses import dataclass

from .drop_ins import Listing

UNIT = "zincati.service"


@dataclass(frozen=True)
class Service:
    """The unit as systemd has it."""

    load_state: str = "loaded"
    active_state: str = "active"
    sub_state: str = "running"
    unit_file_state: str = "enabled"
    result: str = "success"
    status_text: str = ""
    """For people."""
    started: int | None = None
    """When the agent was started last, in seconds since 1970."""

    @property
    def masked(self) -> bool:
        return self.load_state == "masked"

    @property
    def at_work(self) -> bool:
        """Whether it runs, or systemd goes on trying to start it."""
        return self.active_state in ("active", "activating", "reloading", "failed")

    @property
    def failing(self) -> bool:
        """Whether the agent has not come up, for good or until systemd tries again."""
        return self.active_state == "failed" or self.sub_state == "auto-restart"

    @classmethod
    def parse(cls, output: str) -> Service:
        """Of ``systemctl show``; a property that an older systemd does not have keeps its default."""
        values = dict(line.partition("=")[::2] for line in output.splitlines())
        started = values.get("ExecMainStartTimestamp", "").lstrip("@")
        return cls(
            values.get("LoadState", ""),
            values.get("ActiveState", ""),
            values.get("SubState", ""),
            values.get("UnitFileState", ""),
            values.get("Result", ""),
            values.get("StatusText", ""),
            int(started) if started.isdigit() else None,
        )


@dataclass(frozen=True)
class Host:
    """What a plan is made from."""

    listing: Listing
    service: Service

    @property
    def stale(self) -> bool:
        """Whether the agent runs with a configuration older than its files: it reads them only when it starts."""
        service = self.service
        return (
            service.active_state == "active" and service.started is not None and self.listing.newest > service.started
        )
