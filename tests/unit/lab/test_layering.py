# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages on a base: what the stand-in does to deployments, and what it says."""

from __future__ import annotations

import pytest

from .conftest import BASE_STATUS, INSIDE, STABLE, TESTING, Lab


def test_install_is_staged_and_runs_after_the_reboot(lab: Lab) -> None:
    said = lab.call("install", "tool")
    assert "Added:\n  tool-1.0-1.all\n  tool-data-1.0-1.all\n" in said
    assert said.endswith('Changes queued for next boot. Run "systemctl reboot" to start a reboot\n')
    assert lab.brief() == ["1.0 tool S", "1.0 B"]
    lab.reboot()
    assert lab.brief() == ["1.0 tool B", "1.0"]
    assert (lab.deployment / "usr/bin/tool").read_text() == "1.0-1\n"
    assert (lab.deployment / "usr/bin/tool-data").is_file()
    # A default of the package is in /etc, beside what the administrator wrote there.
    assert (lab.deployment / "etc/tool.conf").is_file()
    assert (lab.deployment / "etc/yum.repos.d/lab.repo").is_file()
    assert (
        "Package: tool\nStatus: install ok installed\n" in (lab.deployment / "usr/lib/sysimage/dpkg/status").read_text()
    )
    own = [ref for ref in lab.refs() if not ref.startswith("ostree/")]
    assert sorted(own) == [
        f"lab:{STABLE}",
        "rpmostree/base/0",
        "rpmostree/pkg/tool-data/1.0-1.all",
        "rpmostree/pkg/tool/1.0-1.all",
    ]


def test_uninstall_rollback_and_cleanup(lab: Lab) -> None:
    lab.call("install", "tool", "extra")
    lab.reboot()
    lab.call("uninstall", "tool")
    assert lab.brief() == ["1.0 extra S", "1.0 extra tool B", "1.0"]
    assert lab.refused("rollback") == "Staged deployment (remove with cleanup -p)"
    lab.call("cleanup", "-p")
    assert lab.brief() == ["1.0 extra tool B", "1.0"]
    assert "Deployments unchanged." in lab.call("cleanup", "-p")
    lab.call("cleanup", "-r")
    assert lab.brief() == ["1.0 extra tool B"]
    assert lab.refused("rollback") == "No rollback deployment found"


def test_rollback(lab: Lab) -> None:
    if "set-default" not in lab.host("ostree", "admin", "--help"):
        pytest.skip("the ostree of this machine has no 'admin set-default'")
    lab.call("install", "extra")
    lab.reboot()
    base = lab.deployments()[1]["checksum"]
    assert f"Moving '{base}.0' to be first deployment\n" in lab.call("rollback")
    assert lab.brief() == ["1.0", "1.0 extra B"]
    lab.call("status", "--pending-exit-77", rc=77)
    # Once more undoes it.
    lab.call("rollback")
    assert lab.brief() == ["1.0 extra B", "1.0"]


def test_a_pinned_deployment_stays(lab: Lab) -> None:
    lab.call("install", "extra")
    lab.reboot()
    assert lab.shell("ostree admin pin 1").returncode == 0
    lab.call("cleanup", "-r")
    assert [item["pinned"] for item in lab.deployments()] == [False, True]
    lab.call("install", "tool")
    lab.reboot()
    assert lab.brief() == ["1.0 extra tool B", "1.0 extra", "1.0"]


def test_layering_moves_neither_the_base_nor_other_packages(lab: Lab) -> None:
    lab.call("install", "extra")
    lab.reboot()
    lab.commit(STABLE, "1.1")
    lab.package("extra", "6")
    said = lab.call("install", "tool")
    assert "Added:" in said
    assert "Upgraded:" not in said
    assert lab.brief() == ["1.0 extra tool S", "1.0 extra B", "1.0"]
    assert "Upgraded:\n  extra 5-0 -> 6-0\n" in lab.call("upgrade")
    assert lab.brief() == ["1.1 extra tool S", "1.0 extra B", "1.0"]


def test_uninstall_needs_no_repository(lab: Lab) -> None:
    lab.call("install", "tool", "extra")
    lab.reboot()
    lab.packages.rename(lab.work / "gone")
    lab.call("uninstall", "extra")
    assert lab.brief()[0] == "1.0 tool S"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["install", "foo"], "Packages not found: foo"),
        (["install", "tool"], "Package/capability 'tool' is already requested"),
        (["uninstall", "extra"], "Package/capability 'extra' is not currently requested"),
        (
            ["install", "base-tool"],
            '"base-tool" is already provided by: base-tool-1.0-1.amd64. Use --allow-inactive to explicitly require it.',
        ),
        (
            ["install", "base-api"],
            '"base-api" is already provided by: base-tool-1.0-1.amd64. Use --allow-inactive to explicitly require it.',
        ),
        (["override", "remove", "nope"], 'Package "nope" not found'),
        (["override", "reset", "base-tool"], "No overrides for package 'base-tool'"),
        (["rebase", f"lab:{STABLE}"], f"Old and new refs are equal: lab:{STABLE}"),
        (["deploy", "9.9"], f"Version 9.9 not found in lab:{STABLE}"),
        (["initramfs", "--disable"], "initramfs regeneration state is already disabled"),
        (["kargs", "--delete=nope"], "No key 'nope' found"),
        (["kargs", "--delete=a", "--replace=b=c"], "Cannot specify both --delete and --replace"),
        (["kargs", "--reboot"], "Cannot reboot when kernel arguments not changed"),
        (["cleanup"], "At least one cleanup option must be specified"),
        (["finalize-deployment", "--allow-missing-checksum"], "No pending staged deployment found"),
        (["apply-live"], "No target commit specified and no pending deployment"),
        (["initramfs-etc", "--track=/usr/x"], "Path outside /etc forbidden: /usr/x"),
        (["install", "--nope"], "Unknown option --nope"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_refusals(layered: Lab, argv: list[str], message: str) -> None:
    before = layered.status()
    assert layered.refused(*argv) == message
    assert layered.status() == before


def test_idempotence(layered: Lab) -> None:
    assert "No change." in layered.call("install", "--idempotent", "tool")
    layered.call("install", "--idempotent", "--unchanged-exit-77", "tool", rc=77)
    layered.call("uninstall", "--idempotent", "--unchanged-exit-77", "extra", rc=77)
    layered.call("upgrade", "--unchanged-exit-77", rc=77)
    assert "No upgrade available." in layered.call("upgrade")
    assert "No updates available." in layered.call("upgrade", "--check", rc=77)
    assert layered.call("kargs", "--append-if-missing=console=ttyS0", "--unchanged-exit-77", rc=77) == "No changes.\n"
    layered.call("status", "--pending-exit-77")
    assert layered.brief() == ["1.0 tool B", "1.0"]


def test_dry_run_and_download_only(layered: Lab) -> None:
    said = layered.call("install", "--dry-run", "extra")
    assert "  extra-5-0.all (lab)\n" in said
    assert said.endswith("Exiting because of '--dry-run' option\n")
    assert "Update downloaded." in layered.call("install", "--download-only", "extra")
    assert layered.brief() == ["1.0 tool B", "1.0"]


def test_lock_layering(layered: Lab) -> None:
    config = layered.deployment / "etc" / "rpm-ostreed.conf"
    config.write_text("[Daemon]\nLockLayering=true\n")
    try:
        assert layered.refused("install", "extra") == "Cannot operate; `LockLayering=true` in configuration."
        assert layered.refused("upgrade", "--install=extra") == "Cannot operate; `LockLayering=true` in configuration."
        assert "No upgrade available." in layered.call("upgrade")
    finally:
        config.unlink()


def test_inactive_request_becomes_active_in_a_base_without_the_package(lab: Lab) -> None:
    lab.package("base-tool", "0.5-1")
    said = lab.call("install", "--allow-inactive", "base-tool")
    assert "Inactive requests:\n  base-tool (already provided by base-tool-1.0-1.amd64)\n" in said
    assert lab.deployments()[0]["requested-packages"] == ["base-tool"]
    assert lab.brief() == ["1.0 S", "1.0 B"]
    lab.commit(TESTING, "2.0", status=BASE_STATUS.replace("Package: base-tool", "Package: other-tool"))
    lab.call("rebase", TESTING)
    assert lab.brief() == ["2.0 base-tool S", "1.0 B"]


def test_overrides(lab: Lab) -> None:
    lab.call("override", "remove", "base-tool")
    first = lab.deployments()[0]
    assert first["base-removals"] == [["base-tool-1.0-1.amd64", "base-tool", 0, "1.0", "1", "amd64"]]
    assert lab.refused("override", "remove", "base-tool") == "Override already exists for package 'base-tool'"
    problem = "nothing provides base-lib needed by base-user-2.0-0.all"
    assert problem in lab.refused("override", "remove", "base-lib")
    lab.reboot()
    assert not (lab.deployment / "usr/bin/base-tool").exists()
    assert not (lab.deployment / "usr/etc/base-tool.conf").exists()
    lab.call("override", "reset", "base-tool")
    lab.package("base-tool", "7.0-1")
    lab.call("override", "replace", f"{INSIDE}/packages/base-tool_7.0-1_all.deb")
    first = lab.deployments()[0]
    assert first["requested-base-local-replacements"] == ["base-tool-7.0-1.all"]
    assert [pair[0] for pair in first["base-local-replacements"][0]] == ["base-tool-7.0-1.all", "base-tool-1.0-1.amd64"]
    lab.reboot()
    assert (lab.deployment / "usr/bin/base-tool").read_text() == "7.0-1\n"
    lab.call("override", "reset", "--all")
    assert lab.deployments()[0]["base-local-replacements"] == []


def test_package_files(lab: Lab) -> None:
    lab.call("install", f"{INSIDE}/packages/extra_5_all.deb")
    first = lab.deployments()[0]
    assert (first["requested-local-packages"], first["packages"]) == (["extra-5-0.all"], ["extra"])
    assert lab.refused("install", "extra") == "Package 'extra' is already layered"
    lab.reboot()
    lab.packages.rename(lab.work / "gone")
    lab.call("kargs", "--append=x=1")
    lab.call("uninstall", "extra")
    assert lab.brief()[0] == "1.0 S"


def test_a_damaged_download_is_refused(lab: Lab) -> None:
    package = lab.packages / "extra_5_all.deb"
    package.write_bytes(package.read_bytes() + b"x")
    assert "and the index says" in lab.refused("install", "extra")
    assert lab.brief() == ["1.0 B"]


def test_differences(lab: Lab) -> None:
    lab.call("install", "tool")
    assert "1 added" not in lab.call("status")
    assert "Diff: 2 added" in lab.call("status")
    assert "Added:\n  tool-1.0-1.all\n  tool-data-1.0-1.all\n" in lab.call("db", "diff")
    assert '"NewPackage" : [' in lab.call("db", "diff", "--format=json")
