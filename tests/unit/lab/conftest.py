# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A system for the lab guest's rpm-ostree: real libostree, tiny trees and packages, no guest."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
LAB_IMAGE = HERE.parents[2] / "roles" / "lab_image" / "files"
STABLE = "lab/x86_64/stable"
TESTING = "lab/x86_64/testing"
# Where the booted deployment sees the folder of the test.
INSIDE = "/tmp"  # noqa: S108

BASE_STATUS = """\
Package: base-tool
Status: install ok installed
Version: 1.0-1
Architecture: amd64
Provides: base-api

Package: base-user
Status: install ok installed
Version: 2.0
Architecture: all
Depends: base-lib

Package: base-lib
Status: install ok installed
Version: 1:3.1-2
Architecture: amd64
"""


def missing() -> str:
    """What keeps these tests from running here, or an empty text."""
    for tool in ("go", "ostree", "dpkg-deb", "curl", "unshare"):
        if shutil.which(tool) is None:
            return f"there is no {tool} on this machine"
    if os.geteuid() != 0:
        return "deployments belong to root"
    probe = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "mount", "-t", "proc", "proc", "/proc"],
        capture_output=True,
        check=False,
    )
    return "" if probe.returncode == 0 else "mounts are not permitted here"


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    reason = missing()
    if reason:
        pytest.skip(reason)
    output = tmp_path_factory.mktemp("program") / "rpm-ostree"
    environment = dict(os.environ)
    if "EVERGREEN_CACHE" in environment:
        environment["GOCACHE"] = environment["EVERGREEN_CACHE"] + "/go-build"
    subprocess.run([LAB_IMAGE / "make-rpm-ostree", output], env=environment, check=True)
    return output


class Lab:
    """A sysroot whose default deployment can be entered, a repository to pull from and one of packages."""

    def __init__(self, work: Path, program: Path) -> None:
        self.work = work
        self.repo = work / "repo"
        self.packages = work / "packages"
        self.environment = {
            **os.environ,
            "LC_ALL": "C.UTF-8",
            "PATH": "/usr/bin:/usr/sbin:/bin:/sbin",
            # No immutable folders to clean up after, and no systemd to ask.
            "OSTREE_SYSROOT_DEBUG": "mutable-deployments",
            "SYSTEMD_OFFLINE": "1",
        }
        self.booted = ""
        self.versions: dict[str, str] = {}
        shutil.copy(program, work / "rpm-ostree")

    def build(self) -> None:
        """One base, three packages, one deployment."""
        for name in ("root", "run", "packages"):
            (self.work / name).mkdir()
        self.host("ostree", "init", f"--repo={self.repo}", "--mode=archive")
        self.commit(STABLE, "1.0")
        self.package("tool", "1.0-1", depends="tool-data (= 1.0-1), base-lib (>= 1:3)")
        self.package("tool-data", "1.0-1")
        self.package("extra", "5")
        self.deploy()

    def copy(self, work: Path) -> Lab:
        """The same system elsewhere: hard links between its parts stay."""
        self.host("cp", "--archive", f"{self.work}/.", work)
        other = Lab(work, self.work / "rpm-ostree")
        other.booted = self.booted
        other.versions = dict(self.versions)
        return other

    def host(self, *argv: object) -> str:
        """Run a program of this machine."""
        done = subprocess.run(
            [str(arg) for arg in argv], env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, branch: str, version: str, status: str = BASE_STATUS) -> str:
        """A new commit of a branch, with a file that only this version has."""
        tree = self.work / "tree"
        shutil.rmtree(tree, ignore_errors=True)
        files = {
            "usr/etc/motd": "hello\n",
            "usr/lib/os-release": "ID=lab\nPRETTY_NAME=Lab\n",
            "usr/lib/modules/6.1/vmlinuz": "kernel\n",
            "usr/lib/modules/6.1/initramfs.img": "initramfs\n",
            "usr/lib/sysimage/dpkg/status": status,
            "usr/lib/sysimage/dpkg/info/base-tool.list": "/.\n/usr\n/usr/bin/base-tool\n/etc\n/etc/base-tool.conf\n",
            "usr/bin/base-tool": "#!/bin/sh\n",
            "usr/etc/base-tool.conf": "x\n",
            "usr/share/version": version + "\n",
        }
        for name, content in files.items():
            path = tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        for name in ("boot", "dev", "proc", "run", "sys", "sysroot", "tmp", "var", "usr/sbin", "usr/lib64"):
            (tree / name).mkdir(exist_ok=True)
        for name in ("bin", "lib", "lib64", "sbin"):
            (tree / name).symlink_to(f"usr/{name}")
        (tree / "ostree").symlink_to("sysroot/ostree")
        checksum = self.host(
            "ostree", "commit", f"--repo={self.repo}", f"--branch={branch}", f"--tree=dir={tree}", "--bootable",
            f"--add-metadata-string=version={version}", "--owner-uid=0", "--owner-gid=0",
            # A second apart, so that later means newer.
            f"--timestamp=@{1700000000 + len(self.versions)}",
        )  # fmt: skip
        self.host("ostree", "summary", f"--repo={self.repo}", "--update")
        self.versions[version] = checksum
        return checksum

    def package(self, name: str, version: str, depends: str = "") -> Path:
        """A Debian package with one program and one configuration file; the index lists it."""
        tree = self.work / "package"
        shutil.rmtree(tree, ignore_errors=True)
        for path, content in {f"usr/bin/{name}": version, f"etc/{name}.conf": name}.items():
            (tree / path).parent.mkdir(parents=True)
            (tree / path).write_text(content + "\n")
        control = f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: lab <lab@lab.example>\n"
        if depends:
            control += f"Depends: {depends}\n"
        (tree / "DEBIAN").mkdir()
        (tree / "DEBIAN" / "control").write_text(control + "Description: test\n")
        target = self.packages / f"{name}_{version}_all.deb"
        self.host("dpkg-deb", "--build", "--root-owner-group", tree, target)
        self.host(LAB_IMAGE / "index-packages", self.packages)
        return target

    def deploy(self) -> None:
        sysroot = self.work / "sysroot"
        repo = sysroot / "ostree" / "repo"
        sysroot.mkdir()
        self.host("ostree", "admin", "init-fs", "--modern", sysroot)
        self.host("ostree", "admin", "os-init", f"--sysroot={sysroot}", "lab")
        self.host("ostree", f"--repo={repo}", "config", "set", "sysroot.bootloader", "none")
        self.host("ostree", f"--repo={repo}", "config", "set", "core.fsync", "false")
        self.host("ostree", f"--repo={repo}", "remote", "add", "--no-gpg-verify", "lab", f"file://{INSIDE}/repo")
        self.host("ostree", f"--repo={repo}", "pull-local", "--remote=lab", self.repo, STABLE)
        self.host(
            "ostree", "admin", "deploy", f"--sysroot={sysroot}", "--os=lab", "--karg-none", "--karg=root=LABEL=root",
            "--karg=console=ttyS0", f"lab:{STABLE}",
        )  # fmt: skip
        self.boot()
        etc = self.deployment / "etc"
        (etc / "yum.repos.d").mkdir()
        (etc / "yum.repos.d" / "lab.repo").write_text(f"[lab]\nbaseurl=file://{INSIDE}/packages\nenabled=1\n")

    @property
    def deployment(self) -> Path:
        return self.work / "sysroot" / "ostree" / "deploy" / "lab" / "deploy" / self.booted

    def boot(self) -> None:
        """Start the first boot loader entry."""
        shutil.rmtree(self.work / "run")
        (self.work / "run").mkdir()
        (self.work / "run" / "ostree-booted").touch()
        sysroot = self.work / "sysroot"
        entries = [
            dict(line.split(" ", 1) for line in entry.read_text().splitlines() if " " in line)
            for entry in (sysroot / "boot" / "loader" / "entries").glob("*.conf")
        ]
        first = max(entries, key=lambda fields: int(fields["version"]))
        link = next(arg for arg in first["options"].split() if arg.startswith("ostree=")).removeprefix("ostree=/")
        self.booted = (sysroot / link).readlink().name

    def reboot(self) -> None:
        """Shut down as the guest does, where a unit finishes what is staged, and start again."""
        self.shell("ostree admin finalize-staged")
        self.boot()

    def shell(self, script: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a shell script in the booted deployment."""
        return subprocess.run(
            [HERE / "booted", self.work, self.booted, f"PATH={INSIDE}:$PATH; {script}"],
            env=self.environment, capture_output=True, text=True, check=False, timeout=timeout,
        )  # fmt: skip

    def call(self, *argv: str, rc: int = 0) -> str:
        """Run rpm-ostree; return what it said, the error included."""
        done = self.shell("rpm-ostree " + " ".join(f"'{arg}'" for arg in argv))
        assert done.returncode == rc, done.stdout + done.stderr
        return done.stdout + done.stderr

    def refused(self, *argv: str) -> str:
        """Run rpm-ostree; return its error."""
        return self.call(*argv, rc=1).partition("error: ")[2].strip()

    def status(self) -> dict[str, Any]:
        document = json.loads(self.call("status", "--json"))
        assert isinstance(document, dict)
        return document

    def deployments(self) -> list[dict[str, Any]]:
        return list(self.status()["deployments"])

    def brief(self) -> list[str]:
        """Each deployment in a word: its version and packages; S staged, B booted."""
        return [
            " ".join([item["version"], *item["packages"]]) + " S" * item["staged"] + " B" * item["booted"]
            for item in self.deployments()
        ]

    def refs(self) -> list[str]:
        return self.host("ostree", "refs", f"--repo={self.work}/sysroot/ostree/repo").splitlines()


@pytest.fixture(scope="session")
def template(program: Path, in_memory: Path | None) -> Iterator[Lab]:
    with tempfile.TemporaryDirectory(dir=in_memory) as folder:
        lab = Lab(Path(folder), program)
        lab.build()
        yield lab


@pytest.fixture
def lab(template: Lab, work: Path) -> Lab:
    """A system of the test's own."""
    return template.copy(work)


@pytest.fixture(scope="module")
def layered(template: Lab, in_memory: Path | None) -> Iterator[Lab]:
    """One system with a layered package, for the tests that change nothing."""
    with tempfile.TemporaryDirectory(dir=in_memory) as folder:
        lab = template.copy(Path(folder))
        lab.call("install", "tool")
        lab.reboot()
        yield lab
