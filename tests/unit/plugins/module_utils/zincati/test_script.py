# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two programs that run on a node, run here on files and a socket of a test."""

from __future__ import annotations

import os
import pathlib
import shutil
import socket
import subprocess
import threading
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed
from ansible_collections.evergreen.fleet.plugins.module_utils.zincati import drop_ins, metrics

TEXT = """# HELP zincati_update_agent_updates_enabled Whether auto-updates logic is enabled.
# TYPE zincati_update_agent_updates_enabled gauge
zincati_update_agent_updates_enabled 1
zincati_identity_rollout_wariness 0.5
zincati_identity_os_info{basearch="x86_64",os_version="43.1",platform="qemu",stream="stable"} 1
zincati_updates_strategy_mode{strategy="a \\"b\\" c\\\\d\\ne"} 1 1700000000000
zincati_cincinnati_update_checks_errors_total{kind="x"} NaN
"""


def listing(root: pathlib.Path, zone: str = "") -> drop_ins.Listing:
    script = drop_ins.SCRIPT
    for top in ("usr", "run", "etc"):
        script = script.replace(f" /{top}/", f" {root}/{top}/").replace(f'"/{top}/', f'"{root}/{top}/')
    done = subprocess.run(["sh", "-c", script, "sh", zone], stdout=subprocess.PIPE, check=True, text=True)
    return drop_ins.parse(done.stdout.replace(str(root), ""))


def test_a_node_with_nothing(tmp_path: pathlib.Path) -> None:
    found = listing(tmp_path)
    assert (found.drop_ins, found.folders, found.localtime, found.zone, found.newest) == ((), {}, None, None, 0)
    assert found.now > 0


def test_all_kinds_of_files(tmp_path: pathlib.Path) -> None:
    for folder in drop_ins.FOLDERS:
        (tmp_path / folder.lstrip("/")).mkdir(parents=True)
    etc, run, usr = (tmp_path / f"{top}/zincati/config.d" for top in ("etc", "run", "usr/lib"))
    (usr / "10-a.toml").write_text("a\n")
    (usr / "20-masked.toml").write_text("a")
    (etc / "20-masked.toml").symlink_to("/dev/null")
    (run / "30-a b'c.toml").write_text("")
    (etc / "30-a b'c.toml").write_bytes(b"\x00\xff")
    (run / "40-folder.toml").mkdir()
    (etc / "50-link.toml").symlink_to("10-a.toml")
    (etc / "60-x.yaml").write_text("a")
    (etc / ".70-hidden.toml").write_text("a")
    (etc / ".evergreen.abcdef").write_text("left over")
    (etc / "Z.toml").write_text("a")
    os.chmod(etc / "Z.toml", 0o600)
    os.utime(etc / "Z.toml", (5, 5))
    os.utime(etc, (9, 9))
    found = listing(tmp_path)
    assert [(each.path, each.kind, each.ignored) for each in found.drop_ins] == [
        ("/etc/zincati/config.d/.70-hidden.toml", "file", "it is hidden"),
        ("/usr/lib/zincati/config.d/10-a.toml", "file", ""),
        ("/usr/lib/zincati/config.d/20-masked.toml", "file", "/etc/zincati/config.d/20-masked.toml masks it"),
        ("/etc/zincati/config.d/20-masked.toml", "link", "it masks others"),
        ("/run/zincati/config.d/30-a b'c.toml", "file", "/etc/zincati/config.d/30-a b'c.toml replaces it"),
        ("/etc/zincati/config.d/30-a b'c.toml", "file", ""),
        ("/run/zincati/config.d/40-folder.toml", "other", "it is no regular file"),
        ("/etc/zincati/config.d/50-link.toml", "link", "it is a symbolic link, and Zincati follows none"),
        ("/etc/zincati/config.d/60-x.yaml", "file", "its name does not end in .toml"),
        ("/etc/zincati/config.d/Z.toml", "file", ""),
    ]
    by_path = {each.path: each for each in found.drop_ins}
    assert by_path["/etc/zincati/config.d/30-a b'c.toml"].content == b"\x00\xff"
    last = by_path["/etc/zincati/config.d/Z.toml"]
    assert (last.modified, last.mode, last.content, last.readable) == (5, 0o600, b"a", False)
    assert found.folders is not None
    assert found.folders["/etc/zincati/config.d"] == 9
    assert found.newest > 9


@pytest.mark.parametrize(("make", "says"), [("link", "/usr/share/zoneinfo/Europe/Rome"), ("file", ""), ("", None)])
def test_time_zones(tmp_path: pathlib.Path, make: str, says: str | None) -> None:
    zones, etc = tmp_path / "usr/share/zoneinfo", tmp_path / "etc"
    (zones / "Europe").mkdir(parents=True)
    etc.mkdir()
    (zones / "Europe/Rome").write_bytes(b"TZif\x00")
    if make == "link":
        (etc / "localtime").symlink_to(zones / "Europe/Rome")
    elif make == "file":
        (etc / "localtime").write_text("")
    found = listing(tmp_path, "Europe/Rome")
    assert (found.localtime, found.zone) == (says, b"TZif\x00")
    # A folder is no zone.
    assert listing(tmp_path, "Europe").zone is None
    assert listing(tmp_path).zone is None


def test_a_drop_in_that_may_not_be_read() -> None:
    with pytest.raises(FleetError, match=r"60-x\.toml cannot be read; run the task with become"):
        drop_ins.parse("file /etc/zincati/config.d NjAteC50b21s 5 600 root unreadable\n")


@pytest.fixture
def served(tmp_path: pathlib.Path) -> t.Iterator[str]:
    """A socket that does as the agent: it writes and closes, and reads nothing."""
    path = str(tmp_path / "metrics.promsock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _address = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(TEXT.encode())

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield path
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def ask(path: str, folder: pathlib.Path, *programs: str) -> Completed:
    """Run the script where the node has these programs and what every node has."""
    tools = folder / "bin"
    tools.mkdir()
    for name in ("timeout", *programs):
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"this machine has no {name}")
        (tools / name).symlink_to(found)
    shell = shutil.which("sh")
    assert shell
    argv = [shell, "-c", metrics.SCRIPT, "sh", path]
    done = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={"PATH": str(tools)},
        check=False,
        timeout=60,
    )
    return Completed(tuple(argv), done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("program", ["ncat", "socat", "curl"])
def test_the_socket_is_read_with_what_the_node_has(served: str, tmp_path: pathlib.Path, program: str) -> None:
    found = metrics.read(ask(served, tmp_path, program))
    assert found.missing == ""
    assert found.number("zincati_update_agent_updates_enabled") == 1
    assert found.number("zincati_identity_rollout_wariness") == 0.5
    assert found.samples["zincati_identity_os_info"][0].labels["os_version"] == "43.1"
    assert found.samples["zincati_updates_strategy_mode"] == (metrics.Sample({"strategy": 'a "b" c\\d\ne'}, 1),)
    assert found.number("zincati_cincinnati_update_checks_errors_total") is None
    assert len(found.samples) == 5


def test_a_node_without_a_program_for_sockets(served: str, tmp_path: pathlib.Path) -> None:
    found = metrics.read(ask(served, tmp_path))
    assert (found.samples, found.missing) == (
        {},
        "the node has none of ncat, socat and curl to read /run/zincati/public/metrics.promsock with",
    )


def test_an_agent_that_does_not_run(tmp_path: pathlib.Path) -> None:
    assert "there is no socket" in metrics.read(ask(str(tmp_path / "none"), tmp_path)).missing


def test_a_socket_that_nobody_listens_on(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "metrics.promsock")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)
    assert "nothing answered" in metrics.read(ask(path, tmp_path, "curl")).missing
