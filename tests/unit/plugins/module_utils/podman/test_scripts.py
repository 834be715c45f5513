# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripts for the node, on this machine, as whoever runs the tests."""

from __future__ import annotations

import getpass
import os
import pathlib
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.node import LocalNode
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.files import Files
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.manifest import Manifest
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.model import Secret
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.owner import NO_USER, OwnerRun, as_owner
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.place import Target, place
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.secret import PutSecret, matches
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.state import DIGEST_LABEL, parse_state
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.survey import SURVEY
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.trial import try_out

from .fake import wanted

ME = getpass.getuser()


@pytest.fixture
def programs(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[[str, str], None]:
    """Makes a program of this name, first in PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def make(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return make


def target(path: pathlib.Path, text: str, mode: int = 0o644) -> Target:
    return Target(path.name, str(path), text.encode(), mode)


def test_files_are_replaced_and_removed_with_their_folder(tmp_path: pathlib.Path) -> None:
    old = tmp_path / "web.container.d/10.conf"
    old.parent.mkdir()
    old.write_text("old")
    there = tmp_path / "a folder/web.container"
    there.parent.mkdir()
    there.write_text("old")
    puts = (target(there, "new\n"), target(tmp_path / "new folder/it's", "", 0o600))
    Files(ME, puts, (str(old), str(tmp_path / "never was")), "test").apply(LocalNode())
    assert there.read_text() == "new\n"
    private = tmp_path / "new folder/it's"
    assert private.read_bytes() == b""
    assert private.stat().st_mode & 0o777 == 0o600
    assert not old.parent.exists()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a folder", "it's", "new folder", "web.container"]


def test_one_file_that_cannot_be_written_leaves_all_as_they_were(tmp_path: pathlib.Path) -> None:
    there = tmp_path / "web.container"
    there.write_text("old")
    (tmp_path / "file").write_text("no folder")
    puts = (target(there, "new"), target(tmp_path / "file/x", "x"))
    with pytest.raises(FleetError, match=f"cannot replace files of {ME}: mkdir"):
        Files(ME, puts, (), "test").apply(LocalNode())
    assert there.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "web.container"]


def survey(tmp_path: pathlib.Path, *words: str, manager: str = "--user") -> str:
    argv = ("sh", "-c", SURVEY, "sh", str(tmp_path), "web", f"{tmp_path}\n{tmp_path}/%U", manager, *words)
    return LocalNode().run(argv).stdout


def test_what_is_read(tmp_path: pathlib.Path, programs: t.Callable[[str, str], None]) -> None:
    programs("podman", 'case $1 in --version) echo "podman version 4.9.4-rhel" ;; *) cat "$0.json"; exit 125 ;; esac')
    spec = f'{{"Spec": {{"Name": "db", "Labels": {{"{DIGEST_LABEL}": "s:d"}}}}}}'
    (tmp_path / "bin/podman.json").write_text(f'[{spec}, {{"Spec": {{"Name": "other"}}}}]')
    programs("systemctl", 'shift 3; for unit; do printf "Id=%s\\nActiveState=active\\n\\n" "$unit"; done')
    mine = Manifest(files=(f"{tmp_path}/web.container",), units=("old.service", r"a\x2db.service"), secrets=("db",))
    (tmp_path / ".web.evergreen").write_bytes(mine.text())
    (tmp_path / ".shop.evergreen").write_bytes(Manifest(units=("shop.service",)).text())
    (tmp_path / "web.container").write_text("[Container]\n")
    (tmp_path / "a file").write_text("")
    (tmp_path / str(os.getuid())).mkdir()
    (tmp_path / str(os.getuid()) / "theirs.network").write_text("")
    found = parse_state(survey(tmp_path, f"file:{tmp_path}/a file", "unit:t@*.service"), "web")
    assert found.uid == os.getuid()
    assert (found.podman, found.podman_version) == ((4, 9), "4.9.4-rhel")
    assert found.manager
    assert found.manifest == mine
    assert found.others == {"shop": Manifest(units=("shop.service",))}
    assert {path: each.content for path, each in found.files.items()} == {
        f"{tmp_path}/a file": b"",
        f"{tmp_path}/web.container": b"[Container]\n",
    }
    assert set(found.quadlets) == {"web.container", "theirs.network"}
    assert found.secrets == {"db": "s:d", "other": ""}
    assert set(found.units) == {"old.service", r"a\x2db.service", "t@*.service"}


def test_a_node_with_nothing(tmp_path: pathlib.Path, programs: t.Callable[[str, str], None]) -> None:
    programs("podman", "exit 127")
    programs("systemctl", "exit 1")
    found = parse_state(survey(tmp_path / "none", "file:/nonexistent/x"), "web")
    assert (found.podman, found.manager, found.manifest) == (None, False, None)
    assert (found.files, found.units, found.secrets, found.quadlets) == ({}, {}, {}, {})


def test_the_version_is_known_before_the_first_login(
    tmp_path: pathlib.Path, programs: t.Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(
        "podman", f'[ -d "$XDG_RUNTIME_DIR" ] && echo "podman version 5.4.2"; echo "$XDG_RUNTIME_DIR" >{tmp_path}/run'
    )
    programs("systemctl", "exit 1")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
    assert parse_state(survey(tmp_path), "web").podman == (5, 4)
    folder = pathlib.Path((tmp_path / "run").read_text().strip())
    assert folder != tmp_path / "none"
    assert not folder.exists()


def test_a_user_that_is_none() -> None:
    done = LocalNode().run(as_owner("nobody-has-this-name", "true"), ok=(NO_USER,))
    assert done.rc == NO_USER


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user() -> None:
    script = 'echo "$(id -un) $(id -G) $PWD $HOME $XDG_RUNTIME_DIR"'
    done = LocalNode().run(as_owner("nobody", "sh", "-c", script))
    name, *groups, folder, home, runtime = done.stdout.split()
    assert (name, folder) == ("nobody", "/")
    assert "0" not in groups
    assert home != str(pathlib.Path.home())
    assert runtime.startswith("/run/user/")


def test_a_secret_goes_to_the_input_and_its_label_matches(
    tmp_path: pathlib.Path, programs: t.Callable[[str, str], None]
) -> None:
    programs("podman", f'echo "$@" >{tmp_path}/argv; cat >{tmp_path}/input')
    PutSecret(ME, Secret("db", "hunter2"), "test", replace=True).apply(LocalNode())
    assert (tmp_path / "input").read_text() == "hunter2"
    argv = (tmp_path / "argv").read_text()
    assert "hunter2" not in argv
    label = argv.split()[4].partition("=")[2]
    assert matches(label, "hunter2")
    assert not matches(label, "hunter3")
    assert not matches("", "")


def test_a_program_of_the_owner(programs: t.Callable[[str, str], None]) -> None:
    programs("podman", "exit 3")
    OwnerRun(ME, ("podman", "x"), "test", ok=(3,)).apply(LocalNode())
    with pytest.raises(FleetError):
        OwnerRun(ME, ("podman", "x"), "test").apply(LocalNode())


def test_a_trial(programs: t.Callable[[str, str], None]) -> None:
    """The scratch folder has the units and their drop-ins, and systemd-analyze is told to look there."""
    programs("podman", "exit 1")
    programs(
        "systemd-analyze",
        'case "$*" in *--version) exit 1 ;; esac\n'
        'echo "$PWD/job.service:1: $* $SYSTEMD_UNIT_PATH $(cat job.service job.service.d/a.conf | tr "\\n" " ")"\n'
        "exit 1",
    )
    found = wanted(
        {"job.service": "[Service]\nExecStart=/bin/true\n", "job.timer": "[Timer]\nOnCalendar=daily\n"},
        user=ME,
        drop_ins=[
            {"unit": "job.service", "name": "a.conf", "content": "[Unit]\nA=1"},
            {"unit": "their.timer", "name": "a.conf", "content": "[Timer]\nOnCalendar=daily"},
        ],
    )
    with pytest.raises(FleetError) as refused:
        try_out(LocalNode(), ME, place(found, (5, 4)), images=["x/y"])
    message = refused.value.message
    assert message.startswith("units: systemd does not accept the set: job.service:1: ")
    assert "verify ./job.service ./job.timer their.timer " in message
    assert "--recursive-errors" not in message
    assert "[Service] ExecStart=/bin/true [Unit] A=1" in message
