# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users read when rpm-ostree refuses. The texts are those of rpm-ostree, libostree, skopeo and librepo."""

from __future__ import annotations

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import CommandError, FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.converge import converge
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.refused import sentence
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.wanted import Wanted

from .build import params
from .fake import Clock, FakeHost, Step


def said(stderr: str, *, stdout: str = "") -> str:
    return sentence(
        CommandError("x", argv=("rpm-ostree", "install"), rc=1, stdout=stdout, stderr=stderr, node="edge-1")
    )


@pytest.mark.parametrize(
    ("stderr", "expected"),
    [
        ("error: Packages not found: nope, nada\n", "packages: no enabled repository of the host has nope, nada"),
        (
            'error: "bash" is already provided by: bash-5.2.32-1.fc41.x86_64. Use --allow-inactive to explicitly '
            "require it.\n",
            "packages: bash is part of the base",
        ),
        (
            "error: While pulling test/x86_64/edge: No such branch 'test/x86_64/edge' in repository summary\n",
            "ref: the remote does not know test/x86_64/edge",
        ),
        (
            "error: While pulling fedora/33/x86_64/silverblue: Server returned HTTP 404\n",
            "ref: the remote does not know fedora/33/x86_64/silverblue",
        ),
        ('error: Remote "nope" not found\n', "ref: the host has no remote nope"),
        (
            "error: Preparing import: Fetching manifest: failed to invoke method GetManifest: reading manifest 9 in "
            "quay.io/example/os: manifest unknown\n",
            "image: the registry does not know this image",
        ),
        (
            "error: While pulling a/b: Commit 5ff4: GPG signatures found, but none are in trusted keyring\n",
            "the signature of the wanted commit or image does not verify, so nothing was deployed",
        ),
        (
            "error: Commit 5ff4: Can't check signature: public key not found\n",
            "the signature of the wanted commit or image does not verify",
        ),
        (
            "error: Creating importer: Failed to invoke skopeo proxy method OpenImage: remote error: A signature was "
            "required, but no signature exists\n",
            "the signature of the wanted commit or image does not verify",
        ),
        (
            "error: Creating importer: Failed to invoke skopeo proxy method OpenImage: remote error: Running image "
            "docker://ghcr.io/a/b is rejected by policy.\n",
            "the signature of the wanted commit or image does not verify",
        ),
        (
            "error: Preparing import: Fetching manifest: containers-policy.json specifies a default of "
            "`insecureAcceptAnything`; refusing usage\n",
            "the signature of the wanted commit or image does not verify",
        ),
        (
            "error: While checking against deployment timestamp: Upgrade target revision 'a' with timestamp 'x' is "
            "chronologically older than current revision 'b' with timestamp 'y'; use --allow-downgrade to permit\n",
            "what is wanted is older than what the host has; set allow_downgrade to true",
        ),
        ("error: Installing kernel: regfile copy: No space left on device\n", "/boot is full; free some with cleanup"),
        ("error: Writing rpmdb: No space left on device\n", "the disk of the host is full"),
        (
            "error: Updates and deployments are driven by Zincati (zincati.service)\nSee Zincati's documentation at "
            "https://github.com/coreos/zincati\nUse --bypass-driver to bypass Zincati and perform the operation "
            "anyways\n",
            "updates of this host are the business of Zincati; set bypass_driver to true",
        ),
        (
            "error: Cannot operate; `LockLayering=true` in configuration.\n",
            "/etc/rpm-ostreed.conf of this host has Lock",
        ),
        ('error: Package "code" not found\n', "removed_base_packages: the base has no package code"),
        ('error: Multiple packages match "k"\n', "removed_base_packages: k means several packages"),
        (
            "error: Could not depsolve transaction; 1 problem detected:\n Problem: package docker-ce conflicts with "
            "moby-engine\n",
            "packages: what is wanted does not go together with the base",
        ),
        (
            "error: Bus owner changed, aborting. This likely means the daemon crashed; check logs with "
            "`journalctl -xe`.\n",
            "the rpm-ostree daemon died",
        ),
        ("error: Reboot initiated, cannot start new transaction\n", "the host is about to reboot"),
        ("error: packages would be changed: 3, allow replacement to override\n", "replaces or removes 3 packages"),
    ],
)
def test_known_errors(stderr: str, expected: str) -> None:
    found = said(stderr)
    assert expected in found
    # rpm-ostree's own words are there too, on the one line.
    assert " ".join(stderr.removeprefix("error: ").split()) in found
    assert "\n" not in found


def test_an_unknown_error_is_told_as_it_is() -> None:
    stderr = "Checking out tree 5ff49ca... done\nerror: Something new:\n and its reason\n"
    assert said(stderr) == "rpm-ostree install failed: Something new: and its reason"


def test_a_program_that_said_nothing() -> None:
    assert said("") == "x"


def test_a_step_that_fails_tells_what_was_done_before() -> None:
    state = {"deployments": [{"booted": True, "kernel_arguments": ["rw"]}]}
    pinned = {"deployments": [{"booted": True, "kernel_arguments": ["rw"], "pinned": True}]}
    install = Step("rpm-ostree install --allow-inactive nope", rc=1, stderr="error: Packages not found: nope\n")
    fake = FakeHost(state, [Step("ostree admin pin 0", pinned), install])
    with pytest.raises(FleetError) as failed:
        converge(
            fake, Wanted.from_params(params({"pinned": ["booted"], "packages": ["nope"]})), False, Clock().patience()
        )
    assert failed.value.message.startswith("packages: no enabled repository of the host has nope")
    assert [step["argv"] for step in failed.value.details["steps_taken"]] == [["ostree", "admin", "pin", "0"]]
    assert failed.value.details["stderr"] == "error: Packages not found: nope\n"
