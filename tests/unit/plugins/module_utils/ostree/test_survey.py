# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of a host, how often, and what the answers mean."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import subprocess
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import CommandError, FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree import survey
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.plan import Answers
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.wanted import Wanted

from .build import STABLE, commit, params
from .fake import Clock, FakeHost

ZINCATI = {"driver-name": "Zincati", "driver-sd-unit": "zincati.service"}
IMAGE = "ostree-image-signed:docker://quay.io/example/os:stable"


def answers(fake: FakeHost, **wanted: t.Any) -> Answers:
    host = survey.read_host(fake, Clock().sleep)
    return survey.ask(fake, host, Wanted.from_params(params(wanted)))


def test_a_host_is_read_in_one_round_trip() -> None:
    fake = FakeHost({"deployments": [{"booted": True, "kernel_arguments": ["rw"]}]})
    host = survey.read_host(fake, Clock().sleep)
    assert fake.gathers == 1
    assert [line for line in fake.programs if line.startswith("rpm-ostree")] == ["rpm-ostree status --json"]
    assert host.default.kernel_arguments == ("rw",)
    assert host.running_kernel_arguments == ("BOOT_IMAGE=(hd0,gpt3)/vmlinuz", "rw", "quiet")


def test_a_host_that_was_not_booted_through_ostree() -> None:
    fake = FakeHost({"deployments": [{}]}, booted_through_ostree=False)
    with pytest.raises(FleetError, match="not booted through OSTree"):
        survey.read_host(fake, Clock().sleep)
    assert fake.gathers == 1


def test_a_daemon_that_does_not_start_at_once_is_asked_again() -> None:
    fake = FakeHost({"deployments": [{"booted": True}]}, failures=["error: Could not activate remote peer"] * 3)
    clock = Clock()
    assert survey.read_host(fake, clock.sleep).default.booted
    assert clock.now == 3


def test_a_daemon_that_never_starts() -> None:
    fake = FakeHost({"deployments": [{"booted": True}]}, failures=["error: Could not activate remote peer"] * 10)
    with pytest.raises(CommandError, match=r"which deployments there are: error: Could not activate"):
        survey.read_host(fake, Clock().sleep)


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"packages": ["htop"], "kernel_arguments": {"present": ["rw"]}, "removed_base_packages": ["nano"]},
        {"packages": ["strace"]},
        {"state": "rolled_back"},
        {"ref": STABLE},
    ],
)
def test_mostly_nothing_more_is_asked(wanted: dict[str, t.Any]) -> None:
    state = {
        "driver": ZINCATI,
        "deployments": [
            {
                "booted": True,
                "requested-packages": ["htop"],
                "requested-base-removals": ["nano"],
                "kernel_arguments": ["rw"],
            }
        ],
    }
    fake = FakeHost(state)
    assert answers(fake, **wanted) == Answers()
    assert fake.gathers == 1


@pytest.mark.parametrize(("says", "active"), [((0, "active\n"), True), ((3, "inactive\n"), False), ((4, ""), False)])
def test_whether_the_driver_is_active(says: tuple[int, str], active: bool) -> None:
    fake = FakeHost(
        {"driver": ZINCATI, "deployments": [{"booted": True}]}, answers={"systemctl is-active zincati.service": says}
    )
    assert answers(fake, ref="fedora:fedora/x86_64/coreos/next").driver_active is active
    assert fake.gathers == 2


@pytest.mark.parametrize("wanted", [{"version": "43.2"}, {"checksum": commit("b2")}, {"upgrade": True}])
def test_whatever_moves_the_base_asks_for_the_driver(wanted: dict[str, t.Any]) -> None:
    state = {"driver": ZINCATI, "deployments": [{"booted": True, "origin": "local/branch"}]}
    fake = FakeHost(state, answers={"systemctl is-active zincati.service": (0, "active\n")})
    assert answers(fake, **wanted).driver_active is True


def test_a_driver_that_is_bypassed_is_not_looked_at() -> None:
    fake = FakeHost({"driver": ZINCATI, "deployments": [{"booted": True}]})
    answers(fake, ref="fedora:fedora/x86_64/coreos/next", bypass_driver=True)
    assert fake.gathers == 1


def test_which_packages_the_base_provides_is_asked_where_they_cannot_ride() -> None:
    fake = FakeHost({"deployments": [{"booted": True}]}, answers={"rpm --dbpath": (0, "bash\n")})
    found = answers(fake, ref="fedora:fedora/x86_64/coreos/next", packages=["bash", "zsh"])
    assert found.provided == {"bash"}


def test_kernel_arguments_that_no_file_tells_are_asked_for() -> None:
    fake = FakeHost(
        {"deployments": [{"booted": True}]},
        answers={"rpm-ostree kargs": (0, "rw console=tty0 ostree=/ostree/boot.1/fedora-coreos/abc/0\n")},
    )
    assert answers(fake, kernel_arguments={"present": ["debug"]}).kernel_arguments == ("rw", "console=tty0")


SAME, OTHER = commit("b1"), commit("b2")


@pytest.mark.parametrize(
    ("deployment", "says", "update"),
    [
        ({"checksum": "b1"}, (0, f"{SAME}\n"), "none"),
        ({"checksum": "b1"}, (0, f"{OTHER}\n"), "available"),
        # no summary, no such ref, no network
        ({"checksum": "b1"}, (0, ""), "unknown"),
        ({"checksum": "b1"}, (124, ""), "unknown"),
        # what is layered may have updates of its own
        ({"checksum": "c1", "base-checksum": "b1", "packages": ["htop"]}, (0, f"{SAME}\n"), "unknown"),
        ({"checksum": "c1", "base-checksum": "b1", "packages": ["htop"]}, (0, f"{OTHER}\n"), "available"),
    ],
)
def test_updates_of_a_ref(deployment: dict[str, t.Any], says: tuple[int, str], update: str) -> None:
    fake = FakeHost(
        {"deployments": [{"booted": True, **deployment}]}, answers={"sh 60 fedora fedora/x86_64/coreos/stable": says}
    )
    assert answers(fake, upgrade=True).update == update


INDEX = json.dumps({"manifests": [{"digest": commit("sha256:d1")}, {"digest": commit("sha256:d2")}]})
MANIFEST = '{"schemaVersion": 2}'
OWN = "sha256:" + hashlib.sha256(MANIFEST.encode()).hexdigest()


@pytest.mark.parametrize(
    ("digest", "says", "update"),
    [
        ("sha256:d1", (0, INDEX), "none"),
        ("sha256:d3", (0, INDEX), "available"),
        ("sha256:" + hashlib.sha256(INDEX.encode()).hexdigest(), (0, INDEX), "none"),
        (OWN, (0, MANIFEST), "none"),
        ("sha256:d1", (0, MANIFEST), "available"),
        # no skopeo, no network, not what was expected
        ("sha256:d1", (127, ""), "unknown"),
        ("sha256:d1", (1, ""), "unknown"),
        ("sha256:d1", (0, "no json"), "unknown"),
        ("sha256:d1", (0, "[]"), "unknown"),
        (None, (0, INDEX), "unknown"),
    ],
)
def test_updates_of_an_image(digest: str | None, says: tuple[int, str], update: str) -> None:
    deployment = {"booted": True, "image": IMAGE, **({"digest": digest} if digest else {})}
    fake = FakeHost({"deployments": [deployment]}, answers={"sh 60 quay.io/example/os:stable": says})
    assert answers(fake, upgrade=True).update == update


@pytest.mark.parametrize(
    ("origin", "update"),
    [
        # one image for ever
        ({"image": f"ostree-image-signed:docker://quay.io/example/os@{commit('sha256:d1')}"}, "none"),
        # a place that is not a registry, and a branch of no remote, cannot be looked at
        ({"image": "ostree-unverified-image:oci:/var/image", "digest": "sha256:d1"}, "unknown"),
        ({"origin": "local/x86_64/branch"}, "unknown"),
    ],
)
def test_origins_that_are_not_looked_at(origin: dict[str, t.Any], update: str) -> None:
    fake = FakeHost({"deployments": [{"booted": True, **origin}]})
    assert answers(fake, upgrade=True).update == update
    assert fake.gathers == 1


def test_the_remote_of_a_rebase_is_not_asked_for_updates() -> None:
    fake = FakeHost({"deployments": [{"booted": True}]})
    answers(fake, ref="fedora:fedora/x86_64/coreos/next", upgrade=True)
    assert fake.gathers == 1


@pytest.fixture
def tools(tmp_path: pathlib.Path) -> t.Callable[[str, str], None]:
    """Makes a program that the shell finds."""

    def make(name: str, script: str) -> None:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
        path.chmod(0o755)

    return make


def shell(script: str, folder: pathlib.Path, *words: str) -> str:
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "LC_ALL": "C"}
    result = subprocess.run(
        ["sh", "-c", script, "sh", *words], check=False, capture_output=True, text=True, env=environment
    )
    return result.stdout


def test_the_script_that_finds_the_newest_commit(tools: t.Callable[[str, str], None], tmp_path: pathlib.Path) -> None:
    """Against the output of ``ostree remote summary``, libostree 2022.7."""
    summary = f"""\
* lab/x86_64/stable
    Latest Commit (137 bytes):
      {SAME}
    Version (ostree.commit.version): 1
    Timestamp (ostree.commit.timestamp): 2026-11-21T09:26:45Z

* lab/x86_64/testing
    Latest Commit (125 bytes):
      {OTHER}
    Timestamp (ostree.commit.timestamp): 2026-11-21T09:26:45Z

Repository Mode (ostree.summary.mode): archive-z2
"""
    tools("ostree", f'[ "$*" = "remote summary lab" ] && cat <<"E"\n{summary}E\n')
    script = survey._NEWEST_COMMIT
    assert shell(script, tmp_path, "5", "lab", "lab/x86_64/stable") == f"{SAME}\n"
    assert shell(script, tmp_path, "5", "lab", "lab/x86_64/testing") == f"{OTHER}\n"
    assert shell(script, tmp_path, "5", "lab", "lab/x86_64/next") == ""
    assert shell(script, tmp_path, "5", "other", "lab/x86_64/stable") == ""


def test_the_script_that_asks_what_the_base_provides(
    tools: t.Callable[[str, str], None], tmp_path: pathlib.Path
) -> None:
    database = tmp_path / "deployment" / "usr" / "share" / "rpm"
    database.mkdir(parents=True)
    tools(
        "rpm",
        f"""case "$*" in
  "--dbpath {database} -q bash") ;;
  "--dbpath {database} -q --whatprovides /usr/bin/vi") ;;
  *) echo "package is not installed"; exit 1 ;;
esac
""",
    )
    found = shell(survey._PROVIDED, tmp_path, str(tmp_path / "deployment"), "bash", "zsh", "/usr/bin/vi")
    assert found.split() == ["bash", "/usr/bin/vi"]
