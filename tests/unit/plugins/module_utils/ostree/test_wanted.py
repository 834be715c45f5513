# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input is one sentence that names the option, before the host is even looked at."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.converge import converge
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.reference import Image, Ref
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.wanted import Override, Wanted

from .build import commit, params
from .fake import Clock, FakeHost

DIGEST = commit("sha256:d1")
SIGNED = "ostree-image-signed:docker://quay.io/example/os:1"
RPM = "/var/srv/podman-5.4.0-1.fc41.x86_64.rpm"


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"ref": "a:b/c", "image": SIGNED}, "ref and image exclude each other"),
        ({"ref": "-x"}, "ref: '-x' is no OSTree ref"),
        ({"ref": "fedora:"}, "ref: 'fedora:' is no OSTree ref"),
        ({"ref": "a b"}, "ref: 'a b' is no OSTree ref"),
        ({"ref": "/var/repo:x"}, "ref: '/var/repo:x' is no OSTree ref"),
        ({"image": "quay.io/example/os:1"}, "write ostree-image-signed:docker://quay.io/example/os:1"),
        ({"image": "docker://quay.io/example/os:1"}, "write ostree-image-signed:docker://quay.io/example/os:1"),
        ({"image": "ostree-image-signed:docker://"}, "does not say how it is verified"),
        ({"image": "ostree-remote-image::docker://quay.io/os"}, "does not say how it is verified"),
        ({"image": SIGNED + " x"}, "it has blanks"),
        ({"image": SIGNED, "version": "1"}, "image and version exclude each other"),
        ({"image": SIGNED, "checksum": DIGEST}, "image and checksum exclude each other"),
        ({"ref": "a:b", "checksum": DIGEST}, "checksum: an image digest does not go with ref"),
        ({"version": "1", "checksum": commit("b1")}, "version and checksum exclude each other"),
        ({"version": "1", "upgrade": True}, "upgrade and version exclude each other"),
        ({"checksum": commit("b1"), "upgrade": True}, "upgrade and checksum exclude each other"),
        ({"checksum": "abcdef"}, "checksum: 'abcdef' is neither a commit"),
        ({"version": "--bypass-driver"}, "version: '--bypass-driver' is no version"),
        ({"packages": ["zsh"], "absent_packages": ["zsh"]}, "zsh is in packages and in absent_packages"),
        ({"packages": ["zsh"], "removed_base_packages": ["zsh"]}, "zsh is in packages and in removed_base_packages"),
        (
            {"overrides": [{"name": "zsh", "repo": "updates"}], "removed_base_packages": ["zsh"]},
            "zsh is in overrides and in removed_base_packages",
        ),
        ({"packages": ["--uninstall=bash"]}, "packages: '--uninstall=bash' is no package name"),
        ({"packages": ["strace zsh"]}, "packages: 'strace zsh' is no package name"),
        ({"packages": [""]}, "packages: '' is no package name"),
        ({"packages": ["/var/srv/x.rpm"]}, "packages: '/var/srv/x.rpm' is a file"),
        ({"removed_base_packages": ["-a"]}, "removed_base_packages: '-a' is no package name"),
        ({"overrides": [{}]}, "overrides: each item has either rpm"),
        ({"overrides": [{"rpm": RPM, "name": "podman"}]}, "overrides: each item has either rpm"),
        ({"overrides": [{"name": "podman"}]}, "overrides: each item has either rpm"),
        ({"overrides": [{"rpm": "podman.rpm"}]}, "overrides: 'podman.rpm' is no package file"),
        ({"overrides": [{"rpm": "/var/srv/podman.rpm"}]}, "overrides: '/var/srv/podman.rpm' is no package file"),
        ({"overrides": [{"rpm": "ftp://example.com/a-1-1.noarch.rpm"}]}, "is no package file"),
        ({"overrides": [{"name": "podman", "repo": "-x"}]}, "overrides: '-x' is no name"),
        ({"kernel_arguments": {"present": ["a b"]}}, "kernel_arguments: 'a b' is no kernel argument"),
        ({"kernel_arguments": {"present": ["=x"]}}, "kernel_arguments: '=x' is no kernel argument"),
        ({"kernel_arguments": {"absent": [""]}}, "kernel_arguments: '' is no kernel argument"),
        ({"kernel_arguments": {"present": ["ostree=/x"]}}, "kernel_arguments: ostree= is set by libostree"),
        ({"kernel_arguments": {"absent": ["ostree"]}}, "kernel_arguments: ostree= is set by libostree"),
        ({"kernel_arguments": {"replaced": {"a=b": "c"}}}, "kernel_arguments: 'a=b' in replaced is no key"),
        ({"kernel_arguments": {"replaced": {"a": True}}}, "kernel_arguments: the value of a in replaced is no text"),
        ({"kernel_arguments": {"replaced": {"a": "b c"}}}, "kernel_arguments: 'a=b c' is no kernel argument"),
        ({"kernel_arguments": {"present": ["a=1"], "absent": ["a=1"]}}, "'a=1' is wanted both present and absent"),
        ({"kernel_arguments": {"present": ["a=1"], "absent": ["a"]}}, "'a=1' is wanted both present and absent"),
        ({"kernel_arguments": {"replaced": {"a": "1"}, "absent": ["a"]}}, "'a=1' is wanted both present and absent"),
        ({"kernel_arguments": {"replaced": {"a": "1"}, "present": ["a=2"]}}, "a is wanted as 'a=2' in present"),
        ({"initramfs": {"enabled": False, "args": ["-I"]}}, "initramfs: args are for an initramfs"),
        ({"state": "rolled_back", "packages": ["zsh"]}, "state: rolled_back .* so packages cannot be given"),
        ({"state": "rolled_back", "cleanup": ["base"]}, "state: rolled_back .* so cleanup cannot be given"),
        ({"state": "rolled_back", "apply_live": True}, "state: rolled_back .* so apply_live cannot be given"),
        ({"cleanup": ["pending"], "upgrade": True}, "cleanup: pending drops what upgrade makes"),
        ({"cleanup": ["pending"], "apply_live": True}, "cleanup: pending drops what apply_live makes"),
        ({"cleanup": ["pending"], "removed_base_packages": []}, "cleanup: pending drops what removed_base_packages"),
    ],
)
def test_refused(wanted: dict[str, t.Any], sentence: str) -> None:
    fake = FakeHost({"deployments": [{"booted": True}]})
    with pytest.raises(FleetError, match=sentence):
        converge(fake, Wanted.from_params(params(wanted)), False, Clock().patience())
    assert fake.gathers == 0


@pytest.mark.parametrize(
    "wanted",
    [
        {"ref": "fedora:fedora/x86_64/coreos/stable"},
        {"ref": "ostree://fedora:fedora/x86_64/coreos/stable"},
        {"ref": "rhel/9/x86_64/edge", "version": "9.4", "packages": ["zsh"], "removed_base_packages": []},
        {"image": SIGNED},
        {"image": f"ostree-unverified-registry:quay.io/example/os@{DIGEST}"},
        {"checksum": DIGEST},
        {"packages": ["/usr/bin/strace", "perl(Foo::Bar)", "zsh", "zsh", "gcc-c++"]},
        {"overrides": [{"rpm": RPM}, {"rpm": "https://example.com/pool/a-1-1.noarch.rpm"}]},
        {"kernel_arguments": {"present": ["quiet", "console=tty0", "a=b=c"], "replaced": {"audit": 0}}},
        {"state": "rolled_back", "version": "1", "pinned": ["booted"]},
        {"cleanup": ["pending", "rollback"], "pinned": []},
        {"initramfs": {"enabled": False}},
    ],
)
def test_taken(wanted: dict[str, t.Any]) -> None:
    Wanted.from_params(params(wanted))


def test_a_repeated_package_is_requested_once() -> None:
    assert Wanted.from_params(params({"packages": ["zsh", "strace", "zsh"]})).packages == ("zsh", "strace")


def test_what_a_file_name_says() -> None:
    assert Override(rpm=RPM).file_nevra == "podman-5.4.0-1.fc41.x86_64"


@pytest.mark.parametrize(
    ("text", "remote", "branch"),
    [
        ("fedora:fedora/x86_64/coreos/stable", "fedora", "fedora/x86_64/coreos/stable"),
        ("fedora/33/x86_64/silverblue", None, "fedora/33/x86_64/silverblue"),
        ("edge:rhel/8/x86_64/edge", "edge", "rhel/8/x86_64/edge"),
        ("fedora-iot:fedora/stable/x86_64/iot", "fedora-iot", "fedora/stable/x86_64/iot"),
    ],
)
def test_refs(text: str, remote: str | None, branch: str) -> None:
    assert Ref.parse(text) == Ref(remote, branch)


@pytest.mark.parametrize(
    ("text", "verification", "remote", "transport", "name"),
    [
        ("ostree-unverified-registry:quay.io/a/b:1", "unverified", None, "registry", "quay.io/a/b:1"),
        ("ostree-unverified-image:docker://quay.io/a/b:1", "unverified", None, "registry", "quay.io/a/b:1"),
        ("ostree-unverified-image:registry:quay.io/a/b:1", "unverified", None, "registry", "quay.io/a/b:1"),
        ("ostree-image-signed:docker://quay.io/a/b", "signed", None, "registry", "quay.io/a/b"),
        ("ostree-remote-registry:fedora:quay.io/a/b", "remote", "fedora", "registry", "quay.io/a/b"),
        ("ostree-remote-image:fedora:registry:quay.io/a/b", "remote", "fedora", "registry", "quay.io/a/b"),
        ("ostree-remote-image:fedora:docker://quay.io/a/b", "remote", "fedora", "registry", "quay.io/a/b"),
        (
            "ostree-unverified-image:oci-archive:/var/a.ociarchive",
            "unverified",
            None,
            "oci-archive:",
            "/var/a.ociarchive",
        ),
        (
            "ostree-unverified-image:containers-storage:localhost/a",
            "unverified",
            None,
            "containers-storage:",
            "localhost/a",
        ),
    ],
)
def test_images(text: str, verification: str, remote: str | None, transport: str, name: str) -> None:
    assert Image.parse(text) == Image(verification, remote, transport, name)


@pytest.mark.parametrize("text", ["", "quay.io/a/b", "docker://quay.io/a", "ostree-image-signed:", "fedora:a/b"])
def test_what_is_no_image(text: str) -> None:
    assert Image.parse(text) is None
