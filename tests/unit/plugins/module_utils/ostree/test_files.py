# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What files say: boot entries, the staged deployment, the daemon's configuration."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree import gvariant, layout, parse
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.model import DaemonConfig, Host

from .build import document

RECORDED = pathlib.Path(__file__).parent / "recorded"
NEW = "39f897d7d32b62f5a91881264e889647db909ecdb5a36a6436957f05498c8cbf"
OLD = "07b5a2a09fcf94302bb6b161c50e82ad6b1caae731579b35b0df4941e386e6c8"
LAYOUT = (RECORDED / "layout.txt").read_text(encoding="utf-8")


def status(*deployments: dict[str, t.Any]) -> Host:
    return parse.status(json.dumps(document({"deployments": list(deployments)})))


def deployed(checksum: str, **more: t.Any) -> dict[str, t.Any]:
    return {"osname": "lab", "checksum": checksum, **more}


def test_layout_of_a_real_sysroot() -> None:
    found = layout.parse(LAYOUT)
    new, old = found.entries
    assert (new.version, new.osname) == (2, "lab")
    assert new.kernel_arguments == ("root=LABEL=root", "rw", "console=ttyS0,115200n8", "debug")
    assert old.kernel_arguments == ("root=LABEL=root", "rw", "console=ttyS0,115200n8")
    assert new.kernel == "lab-cf7b64029c7eca20639c2c0ccf6c5d0c6d2efa8d8913b74febfce9a6810c123e"
    assert found.created == {f"lab-{NEW}.0": 1795256953, f"lab-{OLD}.0": 1795256953}
    assert found.free == 75606264
    assert found.kernels[new.kernel] == 8796
    assert found.cached_metadata is True


def test_the_highest_version_is_the_default_however_the_files_are_called() -> None:
    entries = "".join(
        f"entry /boot/loader/entries/ostree-{number}.conf\nline title x\nline version {number}\n"
        f"line options rw ostree=/ostree/boot.1/lab/{'a' * 64}/0 n={number}\n"
        for number in (10, 9, 11)
    )
    assert [entry.version for entry in layout.parse(entries).entries] == [11, 10, 9]


def test_what_is_no_entry_of_libostree_is_left_out() -> None:
    text = "entry /boot/loader/entries/ostree-1.conf\nline title Debian\nline options rw\nfree -\nnoise\n"
    found = layout.parse(text)
    assert (found.entries, found.free, found.cached_metadata) == ((), None, False)


@pytest.mark.parametrize(
    "entry",
    [
        f"line options rw ostree=/ostree/boot.1/lab/{'a' * 64}/0",
        "line version 1\nline options rw",
        f"line version x\nline options rw ostree=/ostree/boot.1/lab/{'a' * 64}/0",
    ],
)
def test_an_entry_that_misses_something(entry: str) -> None:
    assert layout.parse(f"entry /boot/loader/entries/ostree-1.conf\n{entry}\n").entries == ()


@pytest.mark.parametrize("birth", ["0", "-", "?"])
def test_a_file_system_without_a_time_of_birth(birth: str) -> None:
    assert layout.parse(f"deployment {birth} /ostree/deploy/lab/deploy/{NEW}.0/\n").created == {}


def test_an_empty_answer() -> None:
    found = layout.parse("")
    assert (found.entries, found.created, found.free, found.kernels) == ((), {}, None, {})


def test_entries_stand_in_the_order_of_the_deployments() -> None:
    host = parse.with_layout(status(deployed(NEW, booted=True), deployed(OLD)), layout.parse(LAYOUT), None)
    assert [each.kernel_arguments for each in host.deployments] == [
        ("root=LABEL=root", "rw", "console=ttyS0,115200n8", "debug"),
        ("root=LABEL=root", "rw", "console=ttyS0,115200n8"),
    ]
    assert host.default.created == 1795256953


def test_a_staged_deployment_has_no_entry_but_its_own_file() -> None:
    staged = (RECORDED / "staged-deployment").read_bytes()
    host = status(deployed("f" * 64, staged=True), deployed(NEW, booted=True), deployed(OLD))
    host = parse.with_layout(host, layout.parse(LAYOUT), staged)
    assert [each.kernel_arguments for each in host.deployments] == [
        ("root=LABEL=root", "rw", "console=tty0", "console=ttyS0,115200n8", "debug"),
        ("root=LABEL=root", "rw", "console=ttyS0,115200n8", "debug"),
        ("root=LABEL=root", "rw", "console=ttyS0,115200n8"),
    ]
    assert host.deployments[0].created is None


@pytest.mark.parametrize(
    "staged",
    [None, b"", b"\0", b"garbage", (RECORDED / "staged-deployment-without-kernel-arguments").read_bytes()],
)
def test_kernel_arguments_of_a_staged_deployment_may_be_unknown(staged: bytes | None) -> None:
    host = status(deployed("f" * 64, staged=True), deployed(NEW, booted=True), deployed(OLD))
    host = parse.with_layout(host, layout.parse(LAYOUT), staged)
    assert host.deployments[0].kernel_arguments is None
    assert host.deployments[1].kernel_arguments is not None


@pytest.mark.parametrize(
    "host",
    [
        status(deployed(NEW, booted=True)),
        status(deployed(NEW, booted=True), {"osname": "other"}),
        status(deployed(NEW, booted=True), deployed(OLD), deployed("f" * 64)),
    ],
)
def test_entries_that_do_not_fit_the_deployments_tell_nothing(host: Host) -> None:
    host = parse.with_layout(host, layout.parse(LAYOUT), None)
    assert {each.kernel_arguments for each in host.deployments} == {None}


def test_a_file_that_glib_wrote() -> None:
    found = gvariant.dictionary((RECORDED / "staged-deployment").read_bytes())
    assert {key: kind for key, (kind, _value) in found.items()} == {
        "target": "a{sv}",
        "merge-deployment": "a{sv}",
        "kargs": "as",
        "overlay-initrds": "as",
    }
    assert gvariant.strings(found["overlay-initrds"][1]) == ()
    assert gvariant.dictionary(found["target"][1])["name"] == ("s", f"{NEW}.0".encode() + b"\0")


def test_a_file_that_is_cut_off_is_an_error_and_no_guess() -> None:
    whole = (RECORDED / "staged-deployment").read_bytes()
    for length in range(1, len(whole)):
        # Whatever it is taken for, it is not taken for the whole.
        try:
            found = gvariant.dictionary(whole[:length])
        except gvariant.NotVariant:
            continue
        assert found != gvariant.dictionary(whole)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, DaemonConfig("none", False, True)),
        (b"", DaemonConfig("none", False, True)),
        (b"# comment\n[Daemon]\n#AutomaticUpdatePolicy=check\n", DaemonConfig("none", False, True)),
        (
            b"[Daemon]\nAutomaticUpdatePolicy=stage\nIdleExitTimeout=60\nLockLayering=true\nRecommends=false\n",
            DaemonConfig("stage", True, False),
        ),
        (b"[Daemon]\nAutomaticUpdatePolicy = ex-stage\n", DaemonConfig("stage", False, True)),
        (b"[Other]\nLockLayering=true\n", DaemonConfig("none", False, True)),
        # the last one of a key file counts
        (b"[Daemon]\nLockLayering=true\n[Daemon]\nLockLayering=false\n", DaemonConfig("none", False, True)),
    ],
)
def test_daemon_configuration(content: bytes | None, expected: DaemonConfig) -> None:
    assert parse.daemon_config(content) == expected


def test_a_configuration_that_rpm_ostree_cannot_read_either() -> None:
    with pytest.raises(FleetError, match=r"/etc/rpm-ostreed.conf"):
        parse.daemon_config(b"LockLayering=true\n")


@pytest.mark.parametrize(
    ("nevra", "name", "short"),
    [
        ("htop-3.3.0-4.fc41.x86_64", "htop", "htop-3.3.0-4.fc41.x86_64"),
        ("podman-5:5.4.0-1.fc41.x86_64", "podman", "podman-5.4.0-1.fc41.x86_64"),
        ("rpm-ostree-libs-2021.1-2.fc33.x86_64", "rpm-ostree-libs", "rpm-ostree-libs-2021.1-2.fc33.x86_64"),
        ("strace", "strace", "strace"),
        ("a-b", "a-b", "a-b"),
    ],
)
def test_names_in_nevras(nevra: str, name: str, short: str) -> None:
    assert parse.nevra_name(nevra) == name
    assert parse.without_epoch(nevra) == short
