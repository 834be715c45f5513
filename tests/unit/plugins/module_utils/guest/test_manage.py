# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks replayed on a recorded hypervisor: the same questions in the same order, and what comes of the answers."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.manage import manage
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.manage_network import manage as manage_network
from ansible_collections.evergreen.fleet.plugins.modules.virt_network import ARGUMENT_SPEC as NETWORK_SPEC

from .fakes import Answers, Event, Replay, World, params, recorded
from .scenes import SCENES, Scene

BY_NAME = {scene.name: scene for scene in SCENES}

MAKING = [
    "define the guest",
    "hand over the Ignition config",
    "a disk can hold secrets: only for its owner",
    "make the root disk on top of the image",
    "mark the guest as complete",
]
REMOVING = ["mark the guest as incomplete", *["made for this guest"] * 3, "undefine the guest"]
MORE_MEMORY = {"setting": "memory", "wanted": 1280, "found": 1024, "remedy": "reconcile"}

# The steps, and whatever else matters of the result.
EXPECTED: dict[str, tuple[list[str], dict[str, t.Any]]] = {
    "network-made": (["define the network", "start the network"], {"bridge": "vg-unit", "forward": ""}),
    "network-unchanged": ([], {"dhcp": ["198.18.5.2", "198.18.5.126"]}),
    "network-replaced": (
        ["stop the network", "define the network", "start the network"],
        {"dhcp": ["198.18.5.10", "198.18.5.20"], "bridge": "vg-unit"},
    ),
    "check-new": ([*MAKING, "start the guest"], {"state": "running", "restart_needed": False}),
    "made": ([*MAKING, "start the guest"], {"state": "running", "drift": [], "virt_type": "qemu"}),
    "unchanged": ([], {"state": "running", "drift": [], "restart_needed": False}),
    "drifted": ([], {"restart_needed": False}),
    "check-reconcile": (
        [
            "grow /var/lib/libvirt/images/vg-unit-root.qcow2",
            "redefine the guest",
            "a disk can hold secrets: only for its owner",
            "make a disk",
        ],
        {"drift": [], "restart_needed": True},
    ),
    "reconciled": (
        [
            "grow /var/lib/libvirt/images/vg-unit-root.qcow2",
            "redefine the guest",
            "a disk can hold secrets: only for its owner",
            "make a disk",
        ],
        {"drift": [], "restart_needed": True},
    ),
    "reconciled-again": ([], {"drift": [], "restart_needed": True}),
    "restarted": (["cut the power of the guest", "start the guest"], {"restart_needed": False, "state": "running"}),
    "other-ignition": ([], {"restart_needed": False}),
    "rebuilt": (["cut the power of the guest", *MAKING, "start the guest"], {"drift": [], "state": "running"}),
    "rebuilt-again": ([], {"drift": []}),
    "stopped": (["cut the power of the guest"], {"state": "stopped"}),
    "check-absent": (REMOVING, {"state": "absent"}),
    "absent": (REMOVING, {"state": "absent"}),
    "absent-again": ([], {"state": "absent"}),
    "network-absent": (["stop the network", "undefine the network"], {"state": "absent"}),
    "network-absent-again": ([], {"state": "absent"}),
}


def play(scene: Scene) -> tuple[dict[str, t.Any], Replay]:
    node = Replay(recorded(scene.name))
    if scene.module == "network":
        options = {name: option.get("default") for name, option in NETWORK_SPEC.items()}
        return manage_network(node, {**options, **scene.options}, scene.check), node
    return manage(node, params(**scene.options), scene.check, World()), node


def changes(events: list[Event]) -> list[Event]:
    """What was done to the hypervisor, not only asked."""
    reading = ("domstats", "dumpxml", "info", "net-list", "net-dumpxml", "domifaddr", "domcapabilities", "metadata-get")
    return [
        event
        for event in events
        if "read" not in event
        and event.get("run", [""])[0] not in ("test", "stat", "uname", "ip", "virt-install")
        and not set(reading) & set(event.get("run", []))
    ]


@pytest.mark.parametrize("name", EXPECTED)
def test_scene(name: str) -> None:
    steps, more = EXPECTED[name]
    result, node = play(BY_NAME[name])
    assert node.left == [], "not all that was recorded was asked"
    assert [step["reason"] for step in result["steps"]] == steps
    assert result["changed"] is bool(steps)
    assert {key: result[key] for key in more} == more


@pytest.mark.parametrize("name", [name for name in EXPECTED if not EXPECTED[name][0] or BY_NAME[name].check])
def test_nothing_is_touched_when_nothing_is_to_do_and_in_check_mode(name: str) -> None:
    assert changes(recorded(name)) == []


@pytest.mark.parametrize("name", [name for name in EXPECTED if EXPECTED[name][0]])
def test_diff_shows_a_change(name: str) -> None:
    diff = play(BY_NAME[name])[0]["diff"]
    # Cutting the power and giving it back changes nothing in between.
    assert (diff["before"] != diff["after"]) or name == "restarted"


def test_new_addresses_stay_on_a_rebuild() -> None:
    assert play(BY_NAME["made"])[0]["mac"] == play(BY_NAME["rebuilt"])[0]["mac"]


def test_drift_is_reported_and_warned_about() -> None:
    result = play(BY_NAME["drifted"])[0]
    assert MORE_MEMORY in result["drift"]
    assert [entry["setting"] for entry in result["drift"]] == ["memory", "disk_size", "disks"]
    assert "vg-unit: memory is 1024, wanted is 1280 (reconcile: true applies it)" in result["warnings"]


def test_another_ignition_config_takes_effect_only_on_a_rebuild() -> None:
    result = play(BY_NAME["other-ignition"])[0]
    assert [(entry["setting"], entry["remedy"]) for entry in result["drift"]] == [("ignition", "rebuild")]
    assert "takes effect only when the guest is rebuilt (rebuild: true)" in result["warnings"][0]


@pytest.mark.parametrize("name", ["reconciled", "network-replaced"])
def test_a_replaced_definition_can_be_had_back(name: str) -> None:
    definition = play(BY_NAME[name])[0]["replaced_definition"]
    dumped = [event["stdout"] for event in recorded(name) if {"dumpxml", "net-dumpxml"} & set(event.get("run", []))]
    assert definition == dumped[0]


def test_a_guest_that_does_not_start_is_removed_again() -> None:
    with pytest.raises(FleetError, match=r"the guest vg-unit could not be made: .*; what was made of it is removed"):
        play(BY_NAME["start-fails"])
    done = changes(recorded("start-fails"))
    made = [event["write"] for event in done if "write" in event]
    removed = [event["remove"] for event in done if "remove" in event]
    assert sorted(made) == sorted(removed)
    assert "undefine" in done[-1]["run"]


def test_a_network_in_use_stays() -> None:
    with pytest.raises(FleetError, match="the network vg-unit stays, because guests use it: vg-unit"):
        play(BY_NAME["network-in-use"])
    assert changes(recorded("network-in-use")) == []


FOREIGN = {
    "domstats": "Domain: 'edge1'\n  state.state=1\n",
    "dumpxml": "<domain><name>edge1</name><devices/></domain>",
    "qemu-img info": 1,
}


@pytest.mark.parametrize("state", ["present", "running", "stopped", "absent"])
@pytest.mark.parametrize("image", [None, "/i/base.qcow2"])
def test_a_guest_that_we_did_not_make(state: str, image: str | None) -> None:
    options = params(name="edge1", state=state, image=image, rebuild=True, reconcile=True)
    with pytest.raises(FleetError, match="name: a guest named edge1 exists that this collection did not make"):
        manage(Answers(FOREIGN), options, False, World())


def test_without_an_image_nothing_is_made() -> None:
    with pytest.raises(FleetError, match="image: there is no guest edge1 yet"):
        manage(Answers({"domstats": "\n"}), params(name="edge1"), False, World())


MARKED = """<domain type='qemu'><name>edge1</name><metadata><fleet:guest xmlns:fleet="urn:evergreen-fleet:guest:1"
 complete="{complete}" image="/i/base.qcow2" directory="/d"><file path="/d/edge1-root.qcow2"/></fleet:guest></metadata>
<memory>2097152</memory><vcpu>2</vcpu><devices><disk><source file='{root}'/></disk></devices></domain>"""


def test_a_half_made_guest_is_not_started() -> None:
    node = Answers({**FOREIGN, "dumpxml": MARKED.format(complete="no", root="/d/edge1-root.qcow2")})
    with pytest.raises(FleetError, match="image: the guest edge1 is only half made"):
        manage(node, params(name="edge1"), False, World())


def test_a_guest_on_a_snapshot_is_not_changed() -> None:
    """Its definition names another root disk than was made; going back would lose what it wrote since."""
    node = Answers(
        {
            **FOREIGN,
            "dumpxml": MARKED.format(complete="yes", root="/d/edge1.snapshot"),
            "qemu-img info": '{"format": "qcow2", "virtual-size": 10737418240}',
        }
    )
    options = params(
        name="edge1",
        image="/i/base.qcow2",
        memory=4096,
        networks=[],
        wait="none",
        reconcile=True,
    )
    with pytest.raises(FleetError, match=r"the root disk of the guest edge1 is /d/edge1.snapshot instead of"):
        manage(node, options, False, World())
