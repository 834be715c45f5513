# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""update_driver: which driver a node has before and after, for which price, and what is refused."""

from __future__ import annotations

import itertools
import json
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.modules import update_driver

from .fake import (
    APPLY,
    CHECK,
    CONF,
    ENGINE,
    LOCK,
    LOCKSMITH,
    OURS,
    UPDATE_CONF,
    ZINCATI,
    FakeNode,
    Flatcar,
    coreos,
    iot,
)

NIGHT = {"days": ["Sat", "Sun"], "start_time": "22:30", "length_minutes": 60}
PERIODIC = {"strategy": "periodic", "windows": [NIGHT], "time_zone": "Europe/Rome"}
LOCKED = {"strategy": "fleet_lock", "fleet_lock_url": "https://locks.example.com/"}

DRIVERS: dict[str, dict[str, t.Any]] = {
    "zincati": {"driver": "zincati", "wariness": 0.5},
    "zincati in windows": {"driver": "zincati", **PERIODIC},
    "zincati off": {"driver": "zincati", "enabled": False},
    "rpm-ostree": {"driver": "rpm_ostree"},
    "rpm-ostree in windows": {"driver": "rpm_ostree", **PERIODIC, "check_interval": 600, "apply_interval": 20},
    "rpm-ostree, staged": {"driver": "rpm_ostree", "strategy": "staged"},
    "rpm-ostree off": {"driver": "rpm_ostree", "enabled": False},
}


def run(node: FakeNode, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
    valid = ArgumentSpecValidator(update_driver.ARGUMENT_SPEC).validate(options)
    if valid.errors.errors:
        raise FleetError(valid.errors.msg)
    return update_driver.run(node, valid.validated_parameters, check)


def active(node: FakeNode) -> set[str]:
    """What updates the node: runs now, or will after the next boot."""
    return {
        name
        for name, (enabled, state) in node.units.items()
        if name in (ZINCATI, CHECK, APPLY) and (state == "active" or enabled == "enabled")
    }


def expected(wanted: dict[str, t.Any]) -> set[str]:
    if wanted["driver"] == "zincati":
        return {ZINCATI}
    if not wanted.get("enabled", True):
        return set()
    return {CHECK} if wanted.get("strategy") == "staged" else {CHECK, APPLY}


@pytest.mark.parametrize(("first", "then"), list(itertools.permutations(DRIVERS, 2)))
def test_a_switch_leaves_nothing_of_the_old_one(first: str, then: str) -> None:
    node = coreos()
    run(node, **DRIVERS[first])
    assert active(node) == expected(DRIVERS[first])
    done = run(node, **DRIVERS[then])
    assert done["changed"]
    assert active(node) == expected(DRIVERS[then])
    left = {path for path in node.files if path.startswith(("/etc/systemd", "/etc/evergreen", "/etc/zincati"))}
    assert any("zincati" in path for path in left) is (DRIVERS[then]["driver"] == "zincati")
    assert any("applyupdate" in path for path in left) is (APPLY in expected(DRIVERS[then]))
    assert ("AutomaticUpdatePolicy=stage" in node.files[CONF]) is (CHECK in expected(DRIVERS[then]))


@pytest.mark.parametrize("name", DRIVERS)
def test_check_mode_foretells_and_no_change_costs_one_round_trip(name: str) -> None:
    node = coreos()
    checked = run(node, check=True, **DRIVERS[name])
    assert (node.gathers, node.done) == (1, [])
    done = run(node, **DRIVERS[name])
    assert done == checked
    assert json.loads(json.dumps(done)) == done
    node.gathers = 0
    node.done.clear()
    again = run(node, **DRIVERS[name])
    assert (again["changed"], again["steps"], node.done) == (False, [], [])
    assert node.gathers == 1


def test_the_old_one_goes_first() -> None:
    node = coreos()
    run(node, **DRIVERS["rpm-ostree"])
    assert node.done.index(f"systemctl mask --now {ZINCATI}") < node.done.index(f"systemctl start -- {CHECK}")
    node.done.clear()
    run(node, **DRIVERS["zincati"])
    assert node.done.index(f"systemctl stop -- {APPLY}") < node.done.index(f"systemctl unmask {ZINCATI}")


def test_a_host_without_zincati() -> None:
    node = iot()
    run(node, **DRIVERS["rpm-ostree"])
    assert active(node) == {CHECK, APPLY}
    assert ZINCATI not in node.units


def test_what_zincati_has_staged_is_not_locked_for_ever() -> None:
    node = coreos()
    node.files[LOCK] = ""
    run(node, **DRIVERS["zincati"])
    assert LOCK in node.files
    run(node, **DRIVERS["rpm-ostree"])
    assert LOCK not in node.files
    assert node.done.index(f"systemctl mask --now {ZINCATI}") < node.done.index(f"remove {LOCK}")
    # A lock of somebody else, later.
    node.files[LOCK] = ""
    run(node, **DRIVERS["rpm-ostree in windows"])
    assert LOCK in node.files


def test_other_settings_of_rpm_ostree_stay() -> None:
    node = coreos()
    before = node.files[CONF]
    run(node, **DRIVERS["rpm-ostree"])
    assert node.files[CONF] == before.replace("[Daemon]\n", "[Daemon]\nAutomaticUpdatePolicy=stage\n")
    run(node, **DRIVERS["zincati"])
    assert "AutomaticUpdatePolicy=none" in node.files[CONF]
    assert "IdleExitTimeout=60" in node.files[CONF]


def test_zincati_is_told_its_windows() -> None:
    node = coreos()
    done = run(node, **DRIVERS["zincati in windows"])
    assert done["zincati"]["configuration"]["windows"] == [NIGHT]
    assert done["zincati"]["configuration"]["time_zone"] == "Europe/Rome"
    assert OURS in node.files


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"driver": ["zincati", "rpm_ostree"]}, "value of driver must be one of: zincati, rpm_ostree, flatcar"),
        ({"driver": "rpm_ostree", "wariness": 0.5}, "wariness is for the driver zincati, and this node has rpm_ostree"),
        ({"driver": "rpm_ostree", "group": "a"}, "group is for the driver zincati or flatcar"),
        ({"driver": "flatcar", "check_interval": 60}, "check_interval is for the driver zincati or rpm_ostree"),
        ({"driver": "zincati", "apply_interval": 60}, "apply_interval is for the driver rpm_ostree"),
        ({"driver": "zincati", "strategy": "staged"}, "the driver zincati does not know staged; choose immediate"),
        ({"driver": "rpm_ostree", **LOCKED}, "fleet_lock_url is for the driver zincati"),
        ({"driver": "flatcar", "strategy": "fleet_lock"}, "does not know fleet_lock"),
        ({"driver": "zincati", "strategy": "fleet_lock"}, "go together"),
        ({"driver": "rpm_ostree", "strategy": "periodic"}, "windows: strategy periodic needs at least one"),
        ({"driver": "rpm_ostree", "windows": [NIGHT]}, "windows is for strategy periodic only"),
        ({"driver": "zincati", "time_zone": "UTC"}, "time_zone is for strategy periodic only"),
        ({"driver": "rpm_ostree", **PERIODIC, "windows": [NIGHT, NIGHT]}, "windows: Sat 22:30 for 60 minutes and"),
        ({"driver": "rpm_ostree", **PERIODIC, "windows": [{**NIGHT, "days": []}]}, "windows: days is empty"),
        ({"driver": "rpm_ostree", **PERIODIC, "windows": [{**NIGHT, "length_minutes": 0}]}, "length_minutes 0 is not"),
        ({"driver": "rpm_ostree", **PERIODIC, "time_zone": "Mars/Olympus"}, "the node knows no 'Mars/Olympus'"),
        ({"driver": "zincati", **PERIODIC, "time_zone": "Mars/Olympus"}, "the node knows no 'Mars/Olympus'"),
        ({"driver": "rpm_ostree", **PERIODIC, "time_zone": "../etc"}, "'../etc' is no name of a time zone"),
        ({"driver": "rpm_ostree", "check_interval": 0}, "check_interval: 0 is no time"),
        ({"driver": "flatcar", **PERIODIC}, "time_zone: locksmithd of Flatcar goes by the node's own clock"),
        ({"driver": "flatcar", **PERIODIC, "time_zone": "localtime"}, "windows: locksmithd of Flatcar has one window"),
    ],
)
def test_refused(wanted: dict[str, t.Any], message: str) -> None:
    node = coreos()
    with pytest.raises(FleetError) as refused:
        run(node, **wanted)
    assert message in refused.value.message
    assert node.done == []


def test_rpm_ostree_on_a_host_without_it() -> None:
    node = FakeNode({}, {})
    with pytest.raises(FleetError, match=f"this host has no {CHECK}"):
        run(node, driver="rpm_ostree")
    assert node.done == []


def test_zincati_on_a_host_without_it() -> None:
    node = iot()
    run(node, driver="rpm_ostree")
    node.done.clear()
    with pytest.raises(FleetError, match=r"this node has no zincati\.service"):
        run(node, driver="zincati")
    assert node.done == []


@pytest.mark.parametrize(
    ("lock", "message"),
    [
        ((7, "", "000"), "https://locks.example.com/ does not answer the node ((7) no connection)"),
        (
            (0, '{"kind": "unknown_group", "value": "x"}', "400"),
            "does not serve the group 'workers' (HTTP 400, unknown_group)",
        ),
        ((0, "<html>", "502"), "does not serve the group 'workers' (HTTP 502)"),
    ],
)
def test_lock_server(lock: tuple[int, str, str], message: str) -> None:
    wanted = {"driver": "zincati", "group": "workers", **LOCKED}
    node = coreos()
    node.lock = lock
    with pytest.raises(FleetError) as refused:
        run(node, **wanted)
    assert message in refused.value.message
    assert node.done == []
    # Once the node is set up, a server that is down for a while stops no playbook.
    node.lock = (0, "", "200")
    assert run(node, **wanted)["warnings"] == []
    node.lock = lock
    again = run(node, **wanted)
    assert not again["changed"]
    assert message in again["warnings"][0]


@pytest.mark.parametrize("status", ["401", "403"])
def test_lock_server_that_wants_a_password(status: str) -> None:
    node = coreos()
    node.lock = (0, "", status)
    assert run(node, driver="zincati", **LOCKED)["changed"]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    ("wanted", "lines", "locksmith"),
    [
        ({}, ["GROUP=stable", "REBOOT_STRATEGY=reboot"], "active"),
        ({"group": "beta", "enabled": False}, ["GROUP=beta", "SERVER=disabled"], "active"),
        ({"strategy": "staged"}, ["REBOOT_STRATEGY=off"], None),
        (
            {"strategy": "periodic", "windows": [{**NIGHT, "days": ["Thu"]}], "time_zone": "localtime"},
            ['LOCKSMITHD_REBOOT_WINDOW_START="Thu 22:30"', "LOCKSMITHD_REBOOT_WINDOW_LENGTH=60m"],
            "active",
        ),
    ],
)
def test_flatcar(masked: bool, wanted: dict[str, t.Any], lines: list[str], locksmith: str | None) -> None:
    node = Flatcar(masked=masked)
    checked = run(node, check=True, driver="flatcar", **wanted)
    assert (node.gathers, node.done) == (1, [])
    done = run(node, driver="flatcar", **wanted)
    assert checked["steps"][0] == done["steps"][0]
    assert set(lines) <= set(node.files[UPDATE_CONF].splitlines())
    # Also where there are no updates: it marks what runs as good.
    assert node.units[ENGINE][1] == "active"
    assert locksmith is None or node.units[LOCKSMITH][1] == locksmith
    node.gathers = 0
    again = run(node, driver="flatcar", **wanted)
    assert (again["changed"], again["steps"], node.gathers) == (False, [], 1)


def test_a_flatcar_has_no_other_driver() -> None:
    node = Flatcar()
    for driver in ("zincati", "rpm_ostree"):
        with pytest.raises(FleetError, match="has no"):
            run(node, driver=driver)
    with pytest.raises(FleetError, match="not Flatcar"):
        run(flatcar_less(), driver="flatcar")
    assert node.done == []


def flatcar_less() -> FakeNode:
    """Fedora CoreOS, asked what only a Flatcar knows."""
    node = Flatcar()
    node.files = {"/etc/os-release": "ID=fedora\n"}
    return node
