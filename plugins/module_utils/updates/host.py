# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be known of a node before it is said what its driver is told."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

from ..errors import FleetError
from ..node import Completed, File, Source, content_of, last_line, output_of
from ..windows import LOCALTIME, ZONES
from . import rpm_ostree
from .wanted import FLATCAR, RPM_OSTREE, Wanted

ZINCATI_UNIT = "zincati.service"

LOCK_SERVER_SECONDS = 10

# Releasing what is not held succeeds, so this changes nothing.
_PROBE = {"client_params": {"group": "", "id": "00000000000000000000000000000000"}}

# It may want a password first, which is not known here.
_PASSED_OVER = frozenset({401, 403})

Found = t.Mapping[str, t.Union[Completed, File, None]]


@dataclass(frozen=True)
class Host:
    conf: str | None = None
    """rpm-ostreed.conf; None when there is none."""
    zincati: str = "loaded"
    """What systemd makes of its unit: loaded, masked, not-found."""
    lock_server: str = ""
    """Why the lock server does not serve this node; empty when it does, or was not asked."""


def questions(wanted: Wanted) -> dict[str, Source]:
    """Nothing of a Flatcar, about which its own domain knows all."""
    if wanted.driver == FLATCAR:
        return {}
    asked: dict[str, Source] = {
        "conf": rpm_ostree.CONF,
        "zincati": ("systemctl", "show", "--property=LoadState", ZINCATI_UNIT),
    }
    if _zone(wanted):
        asked["zone"] = ("test", "-f", f"{ZONES}{wanted.time_zone}")
    # One with ${...} is for the agent to fill in.
    if wanted.fleet_lock_url is not None and "$" not in wanted.fleet_lock_url:
        asked["lock"] = _ask_lock_server(wanted.fleet_lock_url, wanted.group or "default")
    return asked


def answered(wanted: Wanted, found: Found) -> Host:
    """:raises FleetError: the node does not know the time zone."""
    if wanted.driver == FLATCAR:
        return Host()
    zone = found.get("zone")
    if isinstance(zone, Completed) and zone.rc != 0:
        raise FleetError(f"time_zone: the node knows no {wanted.time_zone!r}; write a name that {ZONES} has there")
    conf = content_of(found["conf"])
    return Host(
        conf=None if conf is None else conf.decode(errors="replace"),
        zincati=output_of(found["zincati"]).strip().partition("=")[2],
        lock_server=_refusal(wanted, found.get("lock")),
    )


def _zone(wanted: Wanted) -> bool:
    """Zincati's zone is looked at with the rest of its configuration."""
    return wanted.driver == RPM_OSTREE and wanted.time_zone not in (None, LOCALTIME)


def _ask_lock_server(url: str, group: str) -> tuple[str, ...]:
    body = {"client_params": {**_PROBE["client_params"], "group": group}}
    # curl takes no "=" between an option and its value.
    return (
        "curl",
        "--silent",
        "--show-error",
        *("--max-time", str(LOCK_SERVER_SECONDS)),
        *("--header", "fleet-lock-protocol: true"),
        *("--data", json.dumps(body)),
        *("--write-out", "\\n%{http_code}"),
        url.rstrip("/") + "/v1/steady-state",
    )


def _refusal(wanted: Wanted, found: Completed | File | None) -> str:
    if not isinstance(found, Completed):
        return ""
    if found.rc != 0:
        return f"fleet_lock_url: {wanted.fleet_lock_url} does not answer the node ({last_line(found.stderr)})"
    body, _newline, code = found.stdout.rpartition("\n")
    status = int(code)
    if 200 <= status < 300 or status in _PASSED_OVER:
        return ""
    return (
        f"group: the lock server {wanted.fleet_lock_url} does not serve the group {wanted.group or 'default'!r} "
        f"(HTTP {status}{_kind(body)})"
    )


def _kind(body: str) -> str:
    """The protocol's own word for what is wrong."""
    try:
        said = json.loads(body)
    except ValueError:
        return ""
    return f", {said['kind']}" if isinstance(said, dict) and "kind" in said else ""
