# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Simulated runs over many nodes, event by event as the callback hands them on."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.evergreen.fleet.plugins.plugin_utils.report.collect import Collector, Event
from ansible_collections.evergreen.fleet.plugins.plugin_utils.report.model import Report

START = datetime.datetime(2026, 11, 21, 22, 30, tzinfo=datetime.timezone.utc)

OLD, NEW = "43.20260105.3.0", "43.20260119.3.0"
CHECKSUMS = {OLD: "5ff49ca469b1ec8efc922c5e972c166f" * 2, NEW: "c6c1c9a9c8d97f0b2a6e5d4c3b2a1908" * 2}

SITES = ("berlin", "hamburg", "köln", "leipzig", "münchen")


def clock(minutes: float = 3) -> t.Callable[[], datetime.datetime]:
    """One that goes on by so much each time it is asked."""
    moments = iter(START + datetime.timedelta(minutes=minutes * step) for step in range(1000))
    return lambda: next(moments)


def name(number: int) -> str:
    return f"edge{number}.{SITES[number % len(SITES)]}.example"


def facts(version: str) -> dict[str, t.Any]:
    return {
        "version": version,
        "checksum": CHECKSUMS[version],
        "origin": {"text": "fedora:fedora/x86_64/coreos/stable"},
    }


def ok(host: str, task: str, module: str, result: dict[str, t.Any], **others: t.Any) -> Event:
    return Event(host, task, module, "ok", result, bool(result.get("changed")), **others)


def host_info(host: str, booted: str, staged: str | None = None) -> Event:
    versions = [staged, booted] if staged else [booted]
    return ok(
        host,
        "What runs",
        "evergreen.fleet.ostree_host_info",
        {
            "deployments": [facts(version) for version in versions],
            "default": 0,
            "booted": len(versions) - 1,
            "reboot_needed": staged is not None,
            "reboot_reason": f"a staged deployment, {staged}, is the default" if staged else "the default runs",
        },
        check=True,
    )


def layered(host: str, found: list[str], wanted: list[str]) -> Event:
    new = sorted(set(wanted) - set(found))
    return ok(
        host,
        "layered_packages : Layer and remove packages",
        "evergreen.fleet.ostree_host",
        {
            "changed": found != wanted,
            "steps": [{"argv": ["rpm-ostree", "install", *new], "reason": f"{', '.join(new)} is not requested"}],
            "diff": {
                "before": {"packages": found, "kernel_arguments": ["rw", "quiet"]},
                "after": {"packages": wanted, "kernel_arguments": ["rw", "quiet"]},
            },
        },
        check=True,
    )


POLICY = '[updates]\nstrategy = "periodic"\n\n[[updates.periodic.window]]\ndays = [ "Sat", "Sun" ]\n'


def drift(nodes: int = 200) -> Report:
    """Some nodes with every kind of finding, and the rest as wanted."""
    collector = Collector("drift.yml", clock())
    names = [name(number) for number in range(1, nodes + 1)]
    collector.play(names, names, "drift")
    for number, host in enumerate(names, 1):
        if number in (17, 94):
            result = {"msg": f"Failed to connect to the host via ssh: connect to host {host} port 22: No route to host"}
            collector.event(Event(host, "What runs", "evergreen.fleet.ostree_host_info", "unreachable", result))
            continue
        collector.event(host_info(host, OLD if number % 9 == 0 else NEW, NEW if number % 9 == 0 else None))
        collector.event(layered(host, ["strace"], ["strace", "zsh"] if number % 40 == 3 else ["strace"]))
        if number % 50 == 8:
            collector.event(
                ok(
                    host,
                    "os_updates : Zincati",
                    "evergreen.fleet.zincati",
                    {
                        "changed": True,
                        "steps": [{"write": "/etc/zincati/config.d/55-updates-strategy.toml", "reason": "it differs"}],
                        "diff": {
                            "before": {"rollout_wariness": 0.5, "strategy": POLICY},
                            "after": {"rollout_wariness": None, "strategy": POLICY.replace('"Sun"', '"Sat"')},
                        },
                    },
                    check=True,
                )
            )
        if number == 31:
            result = {"changed": False, "skipped": True}
            collector.event(Event(host, "Tune the disks", "ansible.builtin.raw", "skipped", result, check=True))
        if number == 64:
            result = {"msg": "rpm-ostree ended with exit code 1: error: While opening repo: No space left on device"}
            collector.event(
                Event(host, "workloads : Quadlet units", "evergreen.fleet.quadlet", "failed", result, check=True)
            )
    return collector.finish([name(number) for number in (17, 94, 64) if number <= nodes])


JOURNAL = """Running Required Health Check Scripts...
Script '01_repository_dns_check.sh' SUCCESS
Running Required Health Check Scripts...
Script '10_zsh.sh' FAILURE (exit code '1'). Continuing...
greenboot-healthcheck.service: Main process exited, code=exited, status=1/FAILURE"""


def rollout(nodes: int = 200) -> Report:
    """A canary and a first wave went well; in the second wave a node fell back, and that was the end."""
    collector = Collector("rollout.yml", clock(14))
    names = [name(number) for number in range(1, nodes + 1)]
    for first, last in ((0, 1), (1, 20), (20, 60)):
        collector.play(names, names[first:last], "rollout")
        for host in names[first:last]:
            back = host == name(33)
            result: dict[str, t.Any] = {
                "changed": True,
                "rolled_back": back,
                "booted": facts(OLD if back else NEW),
                "expected": facts(NEW),
                "health": "green",
                "boots": 4 if back else 1,
            }
            if not back:
                collector.event(ok(host, "Reboot into the new deployment", "evergreen.fleet.node_reboot", result))
                continue
            result["msg"] = (
                f"{host} is back on {OLD} and not on {NEW}, after 4 boots; "
                "greenboot says: Script '10_zsh.sh' FAILURE (exit code '1'). Continuing..."
            )
            result["reasons"] = [{"source": "greenboot", "text": JOURNAL}]
            collector.event(
                Event(host, "Reboot into the new deployment", "evergreen.fleet.node_reboot", "failed", result, True)
            )
    return collector.finish([name(33)])
