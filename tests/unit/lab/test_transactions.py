# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One transaction at a time, whoever is killed."""

from __future__ import annotations

import random
import subprocess
import time

import pytest

from .conftest import HERE, Lab

# A transaction that waits for the index of the repository until somebody writes it.
HELD = "mv /tmp/packages/Packages.gz /tmp/index; mkfifo /tmp/packages/Packages.gz; "
RELEASED = "cat /tmp/index > /tmp/packages/Packages.gz; "
UNTIL_BUSY = "until rpm-ostree status | grep -q 'State: busy'; do sleep 0.05; done; "


def test_busy_and_joined(lab: Lab) -> None:
    done = lab.shell(
        HELD
        + "RPMOSTREE_CLIENT_ID=first rpm-ostree install extra & "
        + UNTIL_BUSY
        + "rpm-ostree status | head -n 3; rpm-ostree status --json | tr -d '\\n ' | grep -o 'transaction.*'; "
        + "rpm-ostree install tool; echo rc=$?; rpm-ostree kargs --append=x; echo rc=$?; "
        + "rpm-ostree install extra > /tmp/joined & until grep -q Attaching /tmp/joined; do sleep 0.05; done; "
        + RELEASED
        + "wait; cat /tmp/joined"
    )
    assert "State: busy\nTransaction: install extra \n  Initiator: client(id:first dbus:1." in done.stdout
    assert 'transaction":["PkgChange",":1.' in done.stdout
    assert '"/org/projectatomic/rpmostree1/lab"]' in done.stdout
    busy = (
        "error: Transaction in progress: install extra \n"
        " You can cancel the current transaction with `rpm-ostree cancel`\n"
    )
    assert done.stderr.count(busy) == 2
    assert done.stdout.count("rc=1") == 2
    assert "Attaching to existing transaction: install extra \n" in done.stdout
    # Both clients saw it through.
    assert done.stdout.count("Changes queued for next boot.") == 2
    assert lab.brief() == ["1.0 extra S", "1.0 B"]


def test_cancel(lab: Lab) -> None:
    done = lab.shell(
        HELD
        + "rpm-ostree install extra > /tmp/out 2>&1 & "
        + UNTIL_BUSY
        + "rpm-ostree cancel; wait; cat /tmp/out; rpm-ostree cancel"
    )
    assert done.stdout.startswith("Cancelling transaction: install extra\nCancelled.\n")
    assert "error: cannot update repo 'lab': Operation was cancelled\n" in done.stdout
    assert done.stdout.endswith("No active transaction.\n")
    assert lab.brief() == ["1.0 B"]


def test_a_client_that_is_killed_stops_nothing(lab: Lab) -> None:
    done = lab.shell(
        HELD
        + "rpm-ostree install extra & client=$!; "
        + UNTIL_BUSY
        + "kill -9 $client; "
        + RELEASED
        + "while rpm-ostree status | grep -q busy; do sleep 0.05; done; rpm-ostree status"
    )
    assert "LayeredPackages: extra" in done.stdout
    assert lab.brief() == ["1.0 extra S", "1.0 B"]


def test_a_worker_that_is_killed_is_reported(lab: Lab) -> None:
    done = lab.shell(
        HELD
        + "rpm-ostree install extra > /tmp/out 2>&1 & "
        + UNTIL_BUSY
        + "kill -9 $(grep -o '\"pid\":[0-9]*' /run/rpm-ostree/transaction.json | cut -d : -f 2); wait; cat /tmp/out; "
        + "rpm-ostree status | head -n 1; rm /tmp/packages/Packages.gz; cp /tmp/index /tmp/packages/Packages.gz; "
        + "rpm-ostree install extra"
    )
    assert "error: Bus owner changed, aborting." in done.stdout
    assert "State: idle" in done.stdout
    assert done.returncode == 0
    assert lab.brief() == ["1.0 extra S", "1.0 B"]


def test_another_program_has_the_sysroot(lab: Lab) -> None:
    # The lock that "ostree admin" takes: one of the open file description on this file.
    done = lab.shell(
        "exec 9<>/tmp/sysroot/ostree/lock; python3 -c 'import fcntl, struct; fcntl.fcntl(9, 37, "
        'struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))\' && rpm-ostree install extra'
    )
    assert done.stderr == "error: System transaction in progress\n"


def test_nothing_starts_after_a_reboot_was_asked_for(lab: Lab) -> None:
    lab.shell("printf '#!/bin/sh\\n' > /tmp/systemctl; chmod +x /tmp/systemctl; rpm-ostree install --reboot extra")
    assert lab.brief() == ["1.0 extra S", "1.0 B"]
    assert lab.refused("install", "tool") == "Reboot initiated, cannot start new transaction"
    lab.reboot()
    assert lab.brief() == ["1.0 extra B", "1.0"]


def test_update_driver(lab: Lab) -> None:
    (lab.work / "run" / "rpm-ostree").mkdir()
    driver = lab.work / "run" / "rpm-ostree" / "update-driver.json"
    driver.write_text('{"driver-name": "Zincati", "driver-sd-unit": "zincati.service"}')
    systemctl = lab.work / "systemctl"
    systemctl.write_text("#!/bin/sh\ncase $1 in is-active) echo active ;; show) echo https://zincati.example ;; esac\n")
    systemctl.chmod(0o755)
    assert lab.refused("upgrade") == (
        "Updates and deployments are driven by Zincati (zincati.service)\n"
        "See Zincati's documentation at https://zincati.example\n"
        "Use --bypass-driver to bypass Zincati and perform the operation anyways"
    )
    assert lab.refused("rebase", "x").startswith("Updates and deployments are driven by Zincati")
    assert "No upgrade available." in lab.call("upgrade", "--bypass-driver")
    lab.call("install", "extra")
    assert lab.status()["update-driver"] == {"driver-name": "Zincati", "driver-sd-unit": "zincati.service"}
    systemctl.write_text("#!/bin/sh\necho inactive\n")
    assert "No upgrade available." in lab.call("upgrade")


@pytest.mark.parametrize("seed", range(8))
def test_killed_at_any_moment(lab: Lab, seed: int) -> None:
    """Everything dies at once, as in a power cut; then the same command finishes the job."""
    wait = random.Random(seed).uniform(0.02, 0.8)  # noqa: S311 - a moment, not a secret
    script = "PATH=/tmp:$PATH; rpm-ostree rebase --install=tool --uninstall=extra " + lab_rebase(lab)
    lab.call("install", "extra")
    lab.reboot()
    victim = subprocess.Popen(
        [HERE / "booted", lab.work, lab.booted, script], env=lab.environment, stdout=subprocess.DEVNULL
    )
    time.sleep(wait)
    # The first process of its namespace: all others die with it.
    subprocess.run(["pkill", "-9", "-P", str(victim.pid)], check=False)
    victim.wait()
    before = lab.brief()
    assert before in (["1.0 extra B", "1.0"], ["2.0 tool S", "1.0 extra B", "1.0"])
    # /run is lost too, and with it what was staged.
    lab.boot()
    assert lab.brief() == ["1.0 extra B", "1.0"]
    lab.call("rebase", "--install=tool", "--uninstall=extra", "lab/x86_64/testing")
    assert lab.brief() == ["2.0 tool S", "1.0 extra B", "1.0"]
    repo = lab.work / "sysroot" / "ostree" / "repo"
    lab.host("ostree", "fsck", "--quiet", f"--repo={repo}")
    assert not list((repo / "tmp").glob("rpmostree-lab-*"))
    assert "rpmostree/base/tmp" not in lab.refs()
    lab.reboot()
    assert lab.brief() == ["2.0 tool B", "1.0 extra"]
    deployed = {item["checksum"] for item in lab.deployments()}
    folders = {path.name.split(".")[0] for path in lab.deployment.parent.iterdir()}
    assert folders == deployed


def lab_rebase(lab: Lab) -> str:
    lab.commit("lab/x86_64/testing", "2.0")
    return "lab/x86_64/testing"
