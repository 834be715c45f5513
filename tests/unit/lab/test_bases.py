# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Upgrades, rebases, versions and kernel arguments of the stand-in."""

from __future__ import annotations

from .conftest import STABLE, TESTING, Lab


def test_upgrade(lab: Lab) -> None:
    lab.call("install", "extra")
    lab.reboot()
    lab.commit(STABLE, "1.1")
    assert "Version: 1.1" in lab.call("upgrade", "--check")
    status = lab.status()
    assert status["cached-update"]["version"] == "1.1"
    assert status["cached-update"]["ref-has-new-commit"] is True
    assert status["deployments"][0]["pending-base-version"] == "1.1"
    said = lab.call("upgrade")
    # One file is new: what only this version has.
    assert "1 content objects imported" in said
    assert said.endswith('Run "systemctl reboot" to start a reboot\n')
    assert lab.brief() == ["1.1 extra S", "1.0 extra B", "1.0"]
    assert lab.status()["cached-update"]["deployment"] == lab.deployments()[0]["id"]
    lab.reboot()
    assert lab.status()["cached-update"] is None
    assert "No updates available." in lab.call("upgrade", "--check", rc=77)


def test_rebase_and_back(lab: Lab) -> None:
    lab.call("install", "extra")
    lab.reboot()
    lab.commit(TESTING, "2.0")
    lab.call("rebase", TESTING)
    assert lab.deployments()[0]["origin"] == f"lab:{TESTING}"
    assert f"lab:{STABLE}" not in lab.refs()
    lab.reboot()
    assert lab.brief() == ["2.0 extra B", "1.0 extra"]
    lab.call("rebase", "-b", STABLE)
    assert lab.brief() == ["1.0 extra S", "2.0 extra B", "1.0 extra"]
    assert "No such branch 'lab/x86_64/nope'" in lab.refused("rebase", "lab:lab/x86_64/nope")


def test_versions(lab: Lab) -> None:
    lab.commit(STABLE, "1.1")
    lab.commit(STABLE, "1.2")
    lab.call("upgrade")
    lab.reboot()
    lab.call("deploy", "1.1")
    assert lab.brief() == ["1.1 S", "1.2 B", "1.0"]
    assert "chronologically older" in lab.refused("deploy", "--disallow-downgrade", "1.0")
    lab.call("deploy", f"revision={lab.versions['1.0']}")
    assert lab.brief()[0] == "1.0 S"
    lab.call("upgrade", "--allow-downgrade")
    assert lab.brief()[0] == "1.2 S"


def test_downgrade_of_the_branch(lab: Lab) -> None:
    lab.commit(STABLE, "1.1")
    lab.call("upgrade")
    lab.reboot()
    lab.host("ostree", "reset", f"--repo={lab.repo}", STABLE, lab.versions["1.0"])
    lab.host("ostree", "summary", f"--repo={lab.repo}", "--update")
    assert "older" in lab.refused("upgrade")
    assert lab.brief() == ["1.1 B", "1.0"]
    lab.call("upgrade", "--allow-downgrade")
    assert lab.brief() == ["1.0 S", "1.1 B", "1.0"]


def test_checksum_without_branch(lab: Lab) -> None:
    checksum = lab.commit(TESTING, "2.0")
    lab.call("rebase", f"lab:{TESTING}", checksum)
    lab.reboot()
    custom = ["--custom-origin-url=lab-image", "--custom-origin-description=Lab"]
    lab.call("rebase", checksum, *custom)
    first = lab.deployments()[0]
    assert (first["origin"], first["custom-origin"]) == (checksum, ["lab-image", "Lab"])
    assert "Pinned to commit by custom origin: Lab" in lab.call("upgrade")


def test_one_reboot_for_everything(lab: Lab) -> None:
    lab.commit(TESTING, "2.0")
    lab.call("rebase", TESTING, "--install=tool", "--install=extra")
    lab.call("kargs", "--append=lab=1")
    lab.call("override", "remove", "base-tool", "--uninstall=extra")
    first = lab.deployments()[0]
    assert first["requested-base-removals"] == ["base-tool"]
    assert lab.brief() == ["2.0 tool S", "1.0 B"]
    assert lab.call("kargs").split() == ["root=LABEL=root", "console=ttyS0", "lab=1"]
    lab.reboot()
    assert lab.call("kargs").startswith("root=LABEL=root console=ttyS0 lab=1 ostree=/ostree/boot.")
    lab.call("reset")
    assert lab.brief()[0] == "2.0 S"
    assert "lab=1" in lab.call("kargs")


def test_kernel_arguments(lab: Lab) -> None:
    lab.call("kargs", "--append=a=1", "--append=a=2", "--delete=console")
    lab.call("kargs", "--replace=a=2=3")
    assert lab.call("kargs") == "root=LABEL=root a=1 a=3\n"
    assert lab.call("kargs", "--deploy-index=1").startswith("root=LABEL=root console=ttyS0 ostree=")
    assert lab.call("kargs", "--delete-if-present=a=9") == "No changes.\n"


def test_finalization_lock(lab: Lab) -> None:
    lab.commit(STABLE, "1.1")
    lab.call("upgrade", "--lock-finalization")
    assert lab.deployments()[0]["finalization-locked"] is True
    assert lab.refused("finalize-deployment") == "Missing expected checksum"
    wrong = "0" * 64
    expected = f"Expected staged base checksum {wrong}, but found {lab.versions['1.1']}"
    assert lab.refused("finalize-deployment", wrong) == expected
    lab.reboot()
    assert lab.brief() == ["1.0 B"]


def test_automatic_policy(lab: Lab) -> None:
    trigger = ("upgrade", "--quiet", "--trigger-automatic-update-policy")
    lab.commit(STABLE, "1.1")
    assert lab.call(*trigger) == "Automatic updates are not enabled; exiting...\n"
    config = lab.deployment / "etc" / "rpm-ostreed.conf"
    config.write_text("[Daemon]\nAutomaticUpdatePolicy=check\n")
    lab.call(*trigger)
    assert lab.brief() == ["1.0 B"]
    assert lab.status()["cached-update"]["version"] == "1.1"
    config.write_text("[Daemon]\nAutomaticUpdatePolicy=stage\n")
    lab.call(*trigger)
    assert lab.brief() == ["1.1 S", "1.0 B"]
    assert lab.call("upgrade").startswith("note: automatic updates (stage) are enabled\n")


def test_not_an_ostree_system(lab: Lab) -> None:
    done = lab.shell("rm /run/ostree-booted; rpm-ostree status")
    assert done.returncode == 1
    assert done.stderr.startswith("error: This system was not booted via libostree.\n")


def test_another_root(lab: Lab) -> None:
    program, sysroot = lab.work / "rpm-ostree", lab.work / "sysroot"
    lab.host(program, f"--sysroot={sysroot}", "kargs", "--append=x=1")
    assert "x=1" in lab.host(program, "--sysroot", sysroot, "kargs")
    assert "not the real rpm-ostree" in lab.host(program, "--version")
