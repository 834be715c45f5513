# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only a node at the other end of a connection does."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import stat
import tempfile
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import ConnectionLost, FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed
from ansible_collections.evergreen.fleet.plugins.plugin_utils.connection_node import ConnectionNode

from .conftest import PASSWORD, USER, Server, action, operator, over, shell_node

BINARY = bytes(range(256)) * 200


@pytest.fixture
def node() -> ConnectionNode:
    return shell_node("sh")


def test_everything_is_one_round_trip(node: ConnectionNode, tmp_path: Path) -> None:
    wanted: dict[str, t.Any] = {f"file {number}": f"{tmp_path}/{number}" for number in range(10)}
    wanted |= {f"program {number}": ["echo", str(number)] for number in range(10)}
    assert len(node.gather(wanted)) == 20
    assert node.round_trips == 1
    node.write(f"{tmp_path}/file", BINARY, 0o600)
    assert node.round_trips == 2
    node.read([f"{tmp_path}/file", "/etc/passwd"])
    assert node.round_trips == 3
    node.run(["cat"], stdin=BINARY)
    assert node.round_trips == 4
    node.remove(f"{tmp_path}/file")
    assert node.round_trips == 5


def test_nothing_asked_is_no_round_trip(node: ConnectionNode) -> None:
    node.gather({})
    node.read([])
    assert node.round_trips == 0


class Cut:
    """A connection that breaks after so many bytes were sent: the node's shell sees the end of its input."""

    def __init__(self, length: int) -> None:
        self.node = shell_node("sh")
        self.length = length
        self.broke = False
        self._execute, self.node._execute = self.node._execute, self

    def __call__(self, command: str, stdin: bytes) -> tuple[int, str, str]:
        self.broke = self.length < len(stdin)
        return self._execute(command, stdin[: self.length])


# Everywhere in the script, which is one block, around its end, and inside the content.
CUTS = [*range(0, 4096, 200), 4095, 4096, 4097, 4100, 8192, 20_000, 40_000]


@pytest.mark.parametrize("length", CUTS)
def test_write_over_a_connection_that_breaks_leaves_the_old_file(tmp_path: Path, length: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    cut = Cut(length)
    with pytest.raises(FleetError):
        cut.node.write(str(path), BINARY)
    assert cut.broke
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("length", CUTS)
def test_run_over_a_connection_that_breaks_runs_nothing_on_half_an_input(tmp_path: Path, length: int) -> None:
    cut = Cut(length)
    with pytest.raises(FleetError):
        cut.node.run(["sh", "-c", f"cat >{tmp_path}/started"], stdin=BINARY)
    assert cut.broke
    assert os.listdir(tmp_path) == []


# Ends the server's half of the connection that the program itself runs over.
HANG_UP = r"""
process=$PPID
until grep -q '^sshd' /proc/$process/comm; do process=$(sed 's/.*) . \([0-9]*\) .*/\1/' /proc/$process/stat); done
kill -9 $process
sleep 1"""


def test_ssh_that_breaks_is_a_lost_connection_and_then_a_new_one(server: Server) -> None:
    if not server.has_operator:
        pytest.skip("only root can have a user of its own for a test")
    node = over(action("ssh", server.options(USER))).node
    with pytest.raises(ConnectionLost, match=r"127\.0\.0\.1"):
        node.run(["sh", "-c", HANG_UP])
    assert node.run(["echo", "again"]).stdout == "again\n"


class Wire(threading.Thread):
    """Forwards to a port, and breaks for good when so many bytes have gone there."""

    def __init__(self, to: int, length: int) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.to = to
        self.left = length

    def run(self) -> None:
        client, _address = self.listener.accept()
        self.listener.close()
        with client, socket.create_connection(("127.0.0.1", self.to)) as far:
            threading.Thread(target=self._back, args=(far, client), daemon=True).start()
            while self.left > 0 and (data := client.recv(65536)):
                far.sendall(data)
                self.left -= len(data)
            for end in (client, far):
                end.shutdown(socket.SHUT_RDWR)

    def _back(self, far: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := far.recv(65536):
                client.sendall(data)


def test_ssh_that_breaks_in_the_middle_of_a_write_leaves_the_old_file(server: Server) -> None:
    wire = Wire(server.port, 3_000_000)
    wire.start()
    options = server.options(getpass.getuser(), "-o", f"HostKeyAlias=[127.0.0.1]:{server.port}", "-o", "Compression=no")
    node = over(action("ssh", {**options, "port": wire.port})).node
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_text("old")
        with pytest.raises(ConnectionLost):
            node.write(str(path), os.urandom(20_000_000))
        assert wire.left <= 0
        until = time.monotonic() + 10
        while len(os.listdir(folder)) > 1 and time.monotonic() < until:
            time.sleep(0.05)
        assert os.listdir(folder) == ["file"]
        assert path.read_text() == "old"


def answering(rc: int, stdout: str = "", stderr: str = "") -> ConnectionNode:
    return ConnectionNode("there", lambda _command, _stdin: (rc, stdout, stderr))


def test_a_user_who_may_not_log_in() -> None:
    node = answering(1, "This account is currently not available.\n", "Permission denied.\n")
    with pytest.raises(FleetError, match="there gave no whole answer: Permission denied") as caught:
        node.run(["true"])
    assert not isinstance(caught.value, ConnectionLost)
    assert caught.value.details == {"node": "there", "rc": 1, "stderr": "Permission denied.\n"}


def test_a_node_without_the_coreutils(tmp_path: Path) -> None:
    with pytest.raises(FleetError, match=r"no whole answer: .*dd: not found") as caught:
        shell_node("/bin/sh", PATH=str(tmp_path)).run(["true"])
    assert not isinstance(caught.value, ConnectionLost)


def test_a_shell_that_is_killed_before_the_script_is_a_lost_connection() -> None:
    with pytest.raises(ConnectionLost, match="there gave no whole answer: exit code 143"):
        answering(143).run(["true"])


def test_a_shell_that_is_killed_in_the_script_is_a_lost_connection(node: ConnectionNode) -> None:
    execute = node._execute
    node._execute = lambda command, stdin: (1, execute(command, stdin)[1][:40], "")
    with pytest.raises(ConnectionLost):
        node.run(["true"])


def test_an_incomplete_answer_is_not_repeated_in_the_error(node: ConnectionNode, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret" * 100)
    execute = node._execute
    node._execute = lambda command, stdin: (1, execute(command, stdin)[1][:100], "")
    with pytest.raises(ConnectionLost) as caught:
        node.read([f"{tmp_path}/secret"])
    assert "c2Vjcm" not in str(caught.value.details)


def test_programs_get_the_environment(node: ConnectionNode) -> None:
    environment = {"ONE": "it's $HOME\n", "LC_ALL": "POSIX", "TWO": "", "token": "mine", "status": "my own"}
    argv = ("sh", "-c", 'printf "%s|" "$ONE" "${TWO-unset}" "$LC_ALL" "$token" "$status"')
    expected = "it's $HOME\n||C.UTF-8|mine|my own|"
    with_environment = ConnectionNode("there", node._execute, environment)
    assert with_environment.run(argv).stdout == expected
    assert with_environment.run(argv, stdin=b"x", timeout=20).stdout == expected
    assert with_environment.gather({"1": ["true"], "2": argv})["2"] == Completed(argv, 0, expected, "")


def test_programs_are_looked_for_where_the_environment_says(node: ConnectionNode, tmp_path: Path) -> None:
    (tmp_path / "ours").write_text("#!/bin/sh\nexit 127\n")
    (tmp_path / "ours").chmod(0o755)
    with_environment = ConnectionNode("there", node._execute, {"PATH": str(tmp_path)})
    assert with_environment.run(["ours"], ok=(127,)).rc == 127
    assert with_environment.gather({"x": ["true"]}) == {"x": None}


@pytest.fixture(params=["terminal", "su"])
def no_input(request: pytest.FixtureRequest, server: Server) -> t.Iterator[t.Any]:
    """Connections on which a command's standard input is a terminal."""
    made = operator(server, "su") if request.param == "su" else operator(server, "sudo", "-o", "RequestTTY=force")
    yield made
    made._remove_tmp_path(made._connection._shell.tmpdir, force=True)


def test_a_connection_that_gives_a_terminal(no_input: t.Any, tmp_path: Path) -> None:
    node = over(no_input).node
    argv = ("sh", "-c", "id -un; printf 'a\\r\\nb\\n'; echo err >&2; exit 3")
    assert node.run(argv, ok=(3,)) == Completed(argv, 3, "root\na\r\nb\n", "err\n")
    node.write(f"{tmp_path}/file", BINARY * 20, 0o640)
    assert (tmp_path / "file").read_bytes() == BINARY * 20
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640
    file = node.read([f"{tmp_path}/file"])[f"{tmp_path}/file"]
    assert file is not None
    assert file.content == BINARY * 20
    assert node.run(["cat"], stdin=b"in\x04\x03put").stdout == "in\x04\x03put"


def test_what_was_sent_over_a_terminal_is_removed(no_input: t.Any) -> None:
    over(no_input).node.run(["true"])
    folder = no_input._connection._shell.tmpdir
    assert "request" in os.listdir(folder)
    no_input.cleanup()
    assert not Path(folder).exists()


def test_a_user_who_may_not_enter_the_first_folder(server: Server) -> None:
    node = over(operator(server, "sudo", become_user="daemon")).node
    assert node.run(["sh", "-c", "id -un; pwd"]).stdout == "daemon\n/\n"


@pytest.mark.parametrize(
    ("transport", "options", "become", "secret", "takes"),
    [
        ("ssh", {}, None, None, True),
        ("ssh", {"pipelining": False}, "sudo", PASSWORD, True),
        ("ssh", {"ssh_extra_args": "-tt"}, None, None, False),
        ("ssh", {"ssh_common_args": "-o RequestTTY=yes"}, "sudo", None, False),
        ("ssh", {}, "su", None, False),
        ("local", {}, None, None, True),
        ("local", {}, "sudo", None, True),
        ("local", {"pipelining": False}, "sudo", PASSWORD, False),
        ("local", {"pipelining": True}, "sudo", PASSWORD, True),
    ],
)
def test_whether_a_connection_takes_input(
    transport: str, options: dict[str, t.Any], become: str | None, secret: str | None, takes: bool
) -> None:
    assert action(transport, options, become, {"become_pass": secret})._takes_input() is takes


def test_a_connection_of_a_kind_that_never_takes_input() -> None:
    made = action("local", {})
    made._connection.has_pipelining = False
    assert made._takes_input() is False


# The tools of SELinux, on a machine without it: a label is a file beside the file.
SELINUX_TOOLS = {
    "stat": """
        case "$1 $2" in
            "-c %C") cat "$3.label" 2>/dev/null || echo inherited ;;
            *) exec /usr/bin/stat "$@" ;;
        esac""",
    "chcon": """
        case $1 in --reference=*) label=$(cat "${1#--reference=}.label") ;; *) label=$1 ;; esac
        [ "$label" != refused ] || { echo "chcon: failed to change context: Operation not supported" >&2; exit 1; }
        echo "$label, $(cat "$FOLDER/file" 2>/dev/null)" >>"$FOLDER/log" """,
    "matchpathcon": """[ "$*" = "-n -m file $FOLDER/file" ] && echo "${POLICY:-policy}" """,
}


@pytest.fixture
def selinux(tmp_path: Path) -> t.Callable[..., ConnectionNode]:
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("only root can mount")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, script in SELINUX_TOOLS.items():
        (tools / name).write_text(f"#!/bin/sh\n{script}\n")
        (tools / name).chmod(0o755)
    (tmp_path / "folder").mkdir()
    mount = "mount -t tmpfs tmpfs /sys/fs && mkdir /sys/fs/selinux && : >/sys/fs/selinux/enforce; "

    def make(**environment: str) -> ConnectionNode:
        path = f"{tools}:{os.environ['PATH']}"
        return shell_node(
            "unshare", "-m", "sh", before=mount, PATH=path, FOLDER=str(tmp_path / "folder"), **environment
        )

    return make


def test_a_new_file_has_the_label_of_the_policy_before_its_name(selinux: t.Any, tmp_path: Path) -> None:
    selinux().write(f"{tmp_path}/folder/file", b"new")
    assert (tmp_path / "folder/log").read_text() == "policy, \n"


def test_a_replaced_file_keeps_its_label(selinux: t.Any, tmp_path: Path) -> None:
    (tmp_path / "folder/file").write_text("old")
    (tmp_path / "folder/file.label").write_text("special\n")
    selinux().write(f"{tmp_path}/folder/file", b"new")
    assert (tmp_path / "folder/log").read_text() == "special, old\n"
    assert (tmp_path / "folder/file").read_text() == "new"


def test_a_label_that_is_right_already_is_not_set(selinux: t.Any, tmp_path: Path) -> None:
    (tmp_path / "folder/file").write_text("old")
    selinux().write(f"{tmp_path}/folder/file", b"new")
    assert sorted(os.listdir(tmp_path / "folder")) == ["file"]


def test_a_label_that_cannot_be_kept_is_an_error(selinux: t.Any, tmp_path: Path) -> None:
    (tmp_path / "folder/file").write_text("old")
    (tmp_path / "folder/file.label").write_text("refused\n")
    with pytest.raises(FleetError, match=r"cannot write .*/file: Operation not supported"):
        selinux().write(f"{tmp_path}/folder/file", b"new")
    assert (tmp_path / "folder/file").read_text() == "old"
    assert sorted(os.listdir(tmp_path / "folder")) == ["file", "file.label"]


def test_a_new_file_where_labels_cannot_be_set(selinux: t.Any, tmp_path: Path) -> None:
    selinux(POLICY="refused").write(f"{tmp_path}/folder/file", b"new")
    assert (tmp_path / "folder/file").read_text() == "new"
