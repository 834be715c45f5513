# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet repository that scripts/new-fleet starts: its checks pass at once, and they find what is wrong."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "inventories" / "example"
BIN = Path(sys.executable).parent

PIPELINES = (".github/workflows/fleet.yml", ".forgejo/workflows/fleet.yml", ".gitlab-ci.yml")


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
        "ANSIBLE_HOME": str(folder / ".ansible"),
    }
    environment.pop("ANSIBLE_CONFIG", None)
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fleets") / "mine"
    made = run(ROOT, "scripts/new-fleet", str(folder))
    assert made.returncode == 0, made
    return folder


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    made = run(ROOT, "scripts/new-fleet", str(tmp_path))
    assert made.returncode == 1
    assert "is not empty; give a new folder" in made.stderr
    assert os.listdir(tmp_path) == ["file"]


def test_secrets_are_encrypted_and_the_password_stays_out_of_git(fleet: Path) -> None:
    secrets = list(fleet.glob("environments/*/group_vars/all/secrets.yml"))
    assert len(secrets) == 3
    assert all(file.read_text().startswith("$ANSIBLE_VAULT;") for file in secrets)
    assert stat.S_IMODE((fleet / ".vault-password").stat().st_mode) == 0o600
    staged = run(fleet, "git", "ls-files", "--cached").stdout.splitlines()
    assert ".vault-password" not in staged
    assert set(secrets) <= {fleet / name for name in staged}


needs_butane = pytest.mark.skipif(shutil.which("butane") is None, reason="there is no butane")


@needs_butane
def test_its_own_checks_pass(fleet: Path) -> None:
    checked = run(fleet, "make", "validate-one", "ENV=canary")
    assert checked.returncode == 0, checked


def collection(fleet: Path) -> dict[str, str]:
    """Where the fleet repository has the collection from."""
    (wanted,) = yaml.safe_load((fleet / "requirements.yml").read_text())["collections"]
    return wanted


def test_the_collection_is_pinned_and_can_be_installed(tmp_path: Path) -> None:
    origin, clone, fleet, other = (tmp_path / name for name in ("origin", "clone", "fleet", "other"))

    def git(folder: Path, *command: str) -> str:
        done = run(folder, "git", "-c", "user.name=Me", "-c", "user.email=me@example.com", *command)
        assert done.returncode == 0, done
        return done.stdout.strip()

    # This clone may be a shallow one, or on no branch, as in a pipeline.
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    git(origin, "fetch", "--quiet", "--update-shallow", str(ROOT), "HEAD:refs/heads/main")
    git(tmp_path, "clone", "--quiet", str(origin), str(clone))
    assert run(clone, "scripts/new-fleet", str(fleet)).returncode == 0
    commit = git(clone, "rev-parse", "HEAD")
    assert collection(fleet) == {"name": f"file://{origin}", "type": "git", "version": commit}

    # Nobody else has this commit.
    git(clone, "commit", "--quiet", "--allow-empty", "--message=Mine")
    assert run(clone, "scripts/new-fleet", str(other)).returncode == 0
    commit = git(clone, "rev-parse", "HEAD")
    assert collection(other) == {"name": f"file://{clone}", "type": "git", "version": commit}

    install = ("ansible-galaxy", "collection", "install", "--requirements-file=requirements.yml")
    installed = run(other, *install, "--collections-path=collections")
    assert installed.returncode == 0, installed
    assert (other / "collections/ansible_collections/evergreen/fleet/playbooks/rollout.yml").is_file()


@needs_butane
@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("environments/canary/group_vars/all/pins.yml", "fleet_os_version", "fleet_os_versoin", "fleet_os_versoin"),
        ("environments/common/group_vars/fleet.yml", '"22:30"', "22:30", "write it in quotes"),
        ("environments/common/group_vars/fleet.yml", "check: dns", "check: dsn", "dsn"),
        ("butane/host.bu.j2", "contents:", "contnets:", "butane/host.bu.j2:8:7: unused key contnets"),
    ],
)
def test_its_checks_find_mistakes(fleet: Path, file: str, old: str, new: str, message: str) -> None:
    path = fleet / file
    right = path.read_text()
    # The canary of the example reboots at any time: give it the windows of the others.
    pins = fleet / "environments/canary/group_vars/all/pins.yml"
    before = pins.read_text()
    pins.write_text(before.replace("fleet_reboot_windows: []", ""))
    path.write_text(path.read_text().replace(old, new))
    try:
        checked = run(fleet, "make", "validate-one", "ENV=canary")
    finally:
        path.write_text(right)
        pins.write_text(before)
    assert checked.returncode != 0
    assert message in checked.stdout


@pytest.mark.parametrize("name", PIPELINES)
def test_pipelines_call_targets_that_exist_and_nothing_else(name: str) -> None:
    document = yaml.safe_load((EXAMPLE / name).read_text())
    if "jobs" in document:
        scripts = [step["run"] for job in document["jobs"].values() for step in job["steps"] if "run" in step]
    else:
        scripts = [
            *document["default"]["before_script"],
            *(job["script"] for job in document.values() if "script" in job),
        ]
    commands = [part.split() for script in scripts for part in script.split("&&")]
    assert {command[0] for command in commands} == {"ci/credentials", "make"}
    targets = {word for command in commands if command[0] == "make" for word in command[1:] if "=" not in word}
    assert targets == {"setup", "validate", "plan", "canary", "soak", "fleet"}
    defined = {line.split(":")[0] for line in (EXAMPLE / "Makefile").read_text().splitlines() if ":  ## " in line}
    assert targets <= defined


def test_forgejo_and_github_do_the_same() -> None:
    github, forgejo = ((EXAMPLE / name).read_text() for name in PIPELINES[:2])
    assert forgejo.replace("forgejo.", "github.") == github
