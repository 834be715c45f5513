# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps from what a Flatcar node is to what is wanted of it."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import FleetError
from ..outcome import Plan, Run, Step, Write
from .conf import DISABLED, Conf, effective, quoted
from .facts import configuration_facts
from .model import (
    CONF,
    DEFAULT_STRATEGY,
    LOCKSMITH,
    OFF,
    OLD_WINDOW_KEYS,
    STRATEGY,
    WINDOW_LENGTH,
    WINDOW_START,
    Host,
    locksmith_wants,
)
from .rollback import roll_back
from .update import Install, Upgrade
from .wanted import Wanted


@dataclass(frozen=True)
class FlatcarPlan:
    plan: Plan
    conf: Conf
    """As it is afterwards."""
    warnings: tuple[str, ...] = ()

    @property
    def certain(self) -> bool:
        """Whether it changes something if it succeeds. An attempt to upgrade may find nothing."""
        return any(not isinstance(step, Upgrade) for step in self.plan.steps)


def plan(host: Host, wanted: Wanted) -> FlatcarPlan:
    """No steps when it is so already.

    :raises FleetError: what is wanted cannot be done on this node.
    """
    conf = _conf(host.conf, wanted)
    written = _write(host, conf)
    steps: tuple[Step, ...] = (*(written if conf != host.conf else ()), *_locksmith(host, conf, wanted))
    warnings: tuple[str, ...] = ()
    if wanted.rolled_back:
        steps = (*steps, *roll_back(host, wanted.version))
        if not _held(host, conf):
            warnings = ("updates are not held, so update-engine installs the newer version again; set held to true",)
    elif wanted.version is not None:
        # flatcar-update has its own way with the file: it moves lines, and drops PCR_POLICY_SERVER.
        installed = _install(host, wanted, wanted.version)
        steps = (*steps, *installed, *(written if installed else ()))
    elif wanted.upgrade:
        steps = (*steps, *_upgrade(host, conf, wanted))
    before = configuration_facts(host.conf, host.vendor)
    return FlatcarPlan(Plan(steps, before, configuration_facts(conf, host.vendor)), conf, warnings)


def _conf(conf: Conf, wanted: Wanted) -> Conf:
    if wanted.group is not None:
        conf = conf.put("GROUP", wanted.group or None)
    if wanted.reboot_strategy is not None:
        conf = _put(conf, STRATEGY, wanted.reboot_strategy)
    if wanted.window is not None:
        conf = _put(_put(conf, WINDOW_START, wanted.window.start), WINDOW_LENGTH, wanted.window.length)
        for key in OLD_WINDOW_KEYS:
            conf = conf.put(key, None)
    pinned = wanted.version is not None and not wanted.rolled_back
    if wanted.server is None and wanted.held is None and not pinned:
        return conf
    server = conf.server_before if conf.held else conf.get("SERVER")
    if wanted.server is not None:
        server = wanted.server or None
    if wanted.held or pinned or (wanted.held is None and conf.held):
        return conf.hold(server)
    return conf.release(server)


def _put(conf: Conf, key: str, value: str | None) -> Conf:
    """Those who read these keys take quotes away, so a value in quotes is as good."""
    return conf if conf.unquoted(key) == value else conf.put(key, value and quoted(value))


def _write(host: Host, conf: Conf) -> tuple[Step, ...]:
    if host.file is None:
        folder = CONF.rpartition("/")[0]
        reason = "there is no such file"
        return (Run(("mkdir", "-p", folder), "it may not be there"), Write(CONF, conf.render(), reason))
    # It may hold a password, so whoever could not read it still cannot.
    file = host.file
    return (Write(CONF, conf.render(), "it says something else", file.mode, file.owner, file.group),)


def _locksmith(host: Host, conf: Conf, wanted: Wanted) -> tuple[Run, ...]:
    """Update-engine reads the file before every check; locksmithd gets it as its environment, when it starts."""
    unit = host.locksmith
    managed = wanted.reboot_strategy is not None or wanted.window is not None
    if not managed or unit.load_state != "loaded" or unit.refused:
        return ()
    restart = ("systemctl", "restart", LOCKSMITH)
    wants = locksmith_wants(conf, host.vendor)
    if unit.running:
        if dict(host.locksmith_environment) == wants:
            return ()
        return (Run(restart, "it runs with another reboot strategy or window"),)
    if wants.get(STRATEGY, DEFAULT_STRATEGY) == OFF:
        return ()
    return (Run(restart, "without it nothing reboots the node"),)


def _upgrade(host: Host, conf: Conf, wanted: Wanted) -> tuple[Step, ...]:
    if effective((conf, host.vendor), "SERVER") == DISABLED:
        raise FleetError("upgrade: the updates of this node are held; set held to false")
    status = host.answer.status
    if status is None:
        raise FleetError(f"upgrade: {host.answer.missing}")
    if status.need_reboot:
        return ()
    return (Upgrade("the server may have an update", wanted.timeout, host.now, status.last_checked),)


def _install(host: Host, wanted: Wanted, version: str) -> tuple[Step, ...]:
    status = host.answer.status
    waits = status is not None and status.need_reboot
    if host.version == version and not waits:
        return ()
    if status is None and not host.engine.masked:
        raise FleetError(f"version: {host.answer.missing}")
    if waits:
        waiting = (status and status.new_version) or (host.other and host.other.version)
        if waiting == version:
            return ()
        raise FleetError(
            f"version: an update to {waiting or 'another version'} waits for a reboot; reboot first, or drop it with "
            "state: rolled_back"
        )
    if status is not None and status.busy:
        raise FleetError(f"version: update-engine is at work ({status.operation}); try again when it is done")
    return (Install(version, f"the node runs {host.version}", wanted.timeout, host.now),)


def _held(host: Host, conf: Conf) -> bool:
    return effective((conf, host.vendor), "SERVER") == DISABLED or host.engine.masked
