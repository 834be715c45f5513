# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that a node tells about its automatic updates, for zincati_info."""

from __future__ import annotations

import dataclasses
import datetime
import io
import json
import typing as t
import zoneinfo

from ..node import Completed, File, Node, Source
from ..windows import LOCALTIME, ZONES, Opening, minutes, next_opening
from . import metrics, read
from .configuration import merge
from .drop_ins import Listing
from .facts import configuration_facts, drop_in_facts
from .rules import PERIODIC

# The agent writes it; what stands behind the first colon is the reason that the update graph gives.
_DEAD_END = "/run/motd.d/85-zincati-deadend.motd"


def survey(node: Node) -> dict[str, t.Any]:
    """Returns what the module zincati_info returns. One round trip, and with windows a second one for the time zone.

    :raises FleetError: the node has no Zincati, or does not tell about it.
    """
    wanted: dict[str, Source] = {
        **read.questions(None),
        "metrics": metrics.ARGV,
        "status": ("rpm-ostree", "status", "--json"),
        "dead_end": _DEAD_END,
    }
    found = node.gather(wanted)
    host = read.answered(found)
    merged = merge(host.listing.drop_ins)
    measured = metrics.read(found["metrics"])
    complaints = list(merged.complaints)
    opening = None
    if merged.value("strategy") == PERIODIC:
        zone = _zone(node, host.listing, merged.value("time_zone"))
        if zone is None:
            complaints.append(f"the node knows no time zone {merged.value('time_zone')!r}")
        else:
            opening = next_opening(minutes(merged.schedule), host.listing.now, zone)
    return {
        "configuration": configuration_facts(merged),
        "drop_ins": drop_in_facts(merged, host.listing.drop_ins),
        "complaints": complaints,
        "service": dataclasses.asdict(host.service),
        "restart_needed": host.stale,
        "next_window": _opening_facts(opening, host.listing.now),
        **_deployments(found["status"]),
        **_dead_end(found["dead_end"], measured),
        "last_check": measured.number("zincati_update_agent_last_refresh_timestamp") or None,
        "metrics": None if measured.missing else _samples(measured),
        "metrics_missing": measured.missing or None,
    }


def _zone(node: Node, listing: Listing, name: str) -> datetime.tzinfo | None:
    """By the rules that the node itself has."""
    if name == LOCALTIME:
        # Without a link the agent takes UTC.
        target = listing.localtime or f"{ZONES}UTC"
        if not target.startswith(ZONES):
            return None
        name = target[len(ZONES) :]
    content = read.read_host(node, name).listing.zone
    if content is None:
        return None
    try:
        return zoneinfo.ZoneInfo.from_file(io.BytesIO(content), key=name)
    except ValueError:
        return None


def _opening_facts(opening: Opening | None, now: int) -> dict[str, t.Any] | None:
    if opening is None:
        return None
    return {"open": opening.start <= now, "start": opening.start, "end": opening.end}


def _samples(measured: metrics.Metrics) -> dict[str, t.Any]:
    return {name: [dataclasses.asdict(each) for each in samples] for name, samples in measured.samples.items()}


def _deployments(found: Completed | File | None) -> dict[str, t.Any]:
    """Nulls where rpm-ostree does not say."""
    status: t.Any = {}
    if isinstance(found, Completed) and found.rc == 0:
        status = json.loads(found.stdout)
    deployments = status.get("deployments") or [{}]
    driver = status.get("update-driver") or {}
    return {
        "booted_version": next((each.get("version") for each in deployments if each.get("booted")), None),
        "staged_version": next((each.get("version") for each in deployments if each.get("staged")), None),
        "driver": driver.get("driver-name"),
    }


def _dead_end(found: Completed | File | None, measured: metrics.Metrics) -> dict[str, t.Any]:
    message = found.content.decode(errors="replace") if isinstance(found, File) else ""
    counted = measured.number("zincati_cincinnati_booted_release_is_deadend")
    return {
        "dead_end": bool(message) or bool(counted),
        "dead_end_reason": message.partition(": ")[2].strip() or None,
    }
