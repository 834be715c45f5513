# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways to reach a machine that the Node contract is held against.

Most are this machine. ``guest`` is a real one, reached by Ansible's ssh connection and sudo: set EVERGREEN_TEST_HOST,
and where they are not the defaults EVERGREEN_TEST_PORT, EVERGREEN_TEST_USER (core), EVERGREEN_TEST_KEY (a private key
file) and EVERGREEN_TEST_SSH_ARGS.
"""

from __future__ import annotations

import base64
import contextlib
import getpass
import os
import shlex
import shutil
import socket
import subprocess
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import become_loader, connection_loader
from ansible.template import Templar
from ansible_collections.evergreen.fleet.plugins.module_utils.node import LocalNode, Node
from ansible_collections.evergreen.fleet.plugins.plugin_utils.connection_node import ConnectionNode
from ansible_collections.evergreen.fleet.plugins.plugin_utils.node_action import NodeAction

USER = "operator"
PASSWORD = "not a secret"  # noqa: S105 - of users that exist in the test's own mount namespace only


@dataclass(frozen=True)
class Reach:
    """A node, and a shell on the same machine that has nothing to do with our code."""

    node: Node
    shell: t.Callable[[str], str]

    def content(self, path: str) -> bytes:
        return base64.b64decode(self.shell(f"base64 <{shlex.quote(path)}"))

    def is_root(self) -> bool:
        return self.shell("id -u").strip() == "0"


@dataclass(frozen=True)
class Machine(Reach):
    """A reach with a new folder on it."""

    folder: str

    def names(self) -> list[str]:
        return sorted(self.shell(f"ls -A {self.folder}").splitlines())


def local_shell(script: str) -> str:
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=False)
    assert done.returncode == 0, done
    return done.stdout.decode()


def shell_node(*argv: str, before: str = "", after: str = "", **environment: str) -> ConnectionNode:
    """A node whose login shell is this one."""

    def execute(command: str, stdin: bytes) -> tuple[int, str, str]:
        done = subprocess.run(
            [*argv, "-c", f"{before}{command}{after}"],
            input=stdin,
            capture_output=True,
            check=False,
            env={**os.environ, **environment},
        )
        return done.returncode, done.stdout.decode("latin-1"), done.stderr.decode("latin-1")

    return ConnectionNode("here", execute)


def action(
    transport: str, options: dict[str, t.Any], become: str | None = None, become_options: dict[str, t.Any] | None = None
) -> NodeAction:
    """Our action class as Ansible's executor makes it, with real plugins."""
    context = PlayContext()
    connection = connection_loader.get(transport, context)
    connection.set_options(direct=options)
    connection._shell.set_options()
    if become is not None:
        plugin = become_loader.get(become)
        plugin.set_options(direct=become_options or {})
        connection.set_become_plugin(plugin)
    loader = DataLoader()
    return NodeAction(Task(), connection, context, loader, Templar(loader))


def over(made: NodeAction) -> Reach:
    def shell(script: str) -> str:
        # With some input there is no terminal, which would change line ends.
        done = made._low_level_execute_command(script, in_data=b"\n")
        assert done["rc"] == 0, done
        return str(done["stdout"])

    return Reach(ConnectionNode("there", made._execute), shell)


@dataclass(frozen=True)
class Server:
    """An sshd of our own on this machine."""

    port: int
    key: Path
    known_hosts: Path
    control: Path
    has_operator: bool

    def options(self, user: str, *ssh_args: str) -> dict[str, t.Any]:
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "remote_user": user,
            "private_key_file": str(self.key),
            "ssh_args": "-o ControlMaster=auto -o ControlPersist=20s",
            "ssh_extra_args": shlex.join(
                ["-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "StrictHostKeyChecking=yes", *ssh_args]
            ),
            "control_path_dir": str(self.control),
        }


@pytest.fixture(scope="session")
def server() -> t.Iterator[Server]:
    program = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("there is no sshd")
    # The path of a socket must be short, and the other user must get to the keys, as in no folder of pytest's.
    folder = Path(local_shell("mktemp -d /tmp/evergreen-ssh.XXXXXX").strip())
    folder.chmod(0o711)
    control = folder / "control"
    control.mkdir()
    for name in ("host", "client"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    known_hosts = folder / "known_hosts"
    known_hosts.write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
    (folder / "sshd_config").write_text(
        f"""
        Port {port}
        ListenAddress 127.0.0.1
        HostKey {folder}/host
        AuthorizedKeysFile {folder}/client.pub
        StrictModes no
        PidFile none
        PermitRootLogin yes
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        Subsystem sftp internal-sftp
        """
    )
    root = os.geteuid() == 0
    command = [program, "-D", "-e", "-f", str(folder / "sshd_config")]
    if root:
        Path("/run/sshd").mkdir(exist_ok=True)
        command = [*_private_users(folder), *command]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            _wait_for(port, process)
            yield Server(port, folder / "client", known_hosts, control, root)
        finally:
            for master in control.iterdir():
                subprocess.run(["ssh", "-q", "-o", f"ControlPath={master}", "-O", "exit", "any"], check=False)
            process.terminate()
            process.wait()
            # What async has left running may still write to it.
            shutil.rmtree(folder, ignore_errors=True)


def _private_users(folder: Path) -> list[str]:
    """The beginning of a command that sees one more user, with sudo, and a password of root: in its mounts only."""
    for file in ("passwd", "shadow", "group"):
        shutil.copy(f"/etc/{file}", folder / file)
    home = folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, 4242, 4242)
    with (folder / "passwd").open("a") as stream:
        stream.write(f"{USER}:x:4242:4242::{home}:/bin/bash\n")
    with (folder / "group").open("a") as stream:
        stream.write(f"{USER}:x:4242:\n")
    hashed = subprocess.run(["openssl", "passwd", "-6", PASSWORD], capture_output=True, text=True, check=True).stdout
    lines = [line for line in (folder / "shadow").read_text().splitlines() if not line.startswith("root:")]
    lines += [f"{user}:{hashed.strip()}:19000:0:99999:7:::" for user in ("root", USER)]
    (folder / "shadow").write_text("\n".join(lines) + "\n")
    (folder / "sudoers").write_text(f"root ALL=(ALL:ALL) ALL\n{USER} ALL=(ALL:ALL) ALL\n")
    (folder / "sudoers").chmod(0o440)
    mounts = [f"mount --bind {folder}/{file} /etc/{file}" for file in ("passwd", "shadow", "group")]
    mounts.append(f"[ ! -e /etc/sudoers ] || mount --bind {folder}/sudoers /etc/sudoers")
    return ["unshare", "--mount", "sh", "-c", f'set -e; {"; ".join(mounts)}; exec "$@"', "sh"]


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.recv(4)
            return
        assert process.poll() is None, "sshd has ended"
        time.sleep(0.05)
    pytest.fail("sshd does not listen")


Make = t.Callable[[pytest.FixtureRequest], Reach]


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"there is no {name}")
    return path


def _busybox(request: pytest.FixtureRequest) -> Reach:
    folder = request.getfixturevalue("tmp_path_factory").mktemp("busybox")
    subprocess.run([_program("busybox"), "--install", "-s", str(folder)], check=True)
    return Reach(shell_node(str(folder / "sh"), PATH=str(folder)), local_shell)


def _sjis(request: pytest.FixtureRequest) -> Reach:
    """The worst locale there is for a shell: a character's second byte may be a backslash or a backquote."""
    if not Path("/usr/share/i18n/charmaps/SHIFT_JIS.gz").exists():
        pytest.skip("there is no charmap SHIFT_JIS")
    folder = request.getfixturevalue("tmp_path_factory").mktemp("locales")
    # 1 is a warning: it is no superset of ASCII.
    made = subprocess.run(
        [_program("localedef"), "-c", "-i", "ja_JP", "-f", "SHIFT_JIS", str(folder / "ja_JP.SHIFT_JIS")],
        capture_output=True,
        check=False,
    )
    assert made.returncode in (0, 1), made
    return Reach(shell_node(_program("bash"), LOCPATH=str(folder), LC_ALL="ja_JP.SHIFT_JIS"), local_shell)


def _noisy(_request: pytest.FixtureRequest) -> Reach:
    banner = 'echo "Welcome: aGVsbG8="; echo warning: disk >&2; printf "no line end:"; '
    node = shell_node(_program("dash"), before=banner, after="; " + banner, LC_ALL="C")
    return Reach(node, local_shell)


def _ssh(request: pytest.FixtureRequest) -> Reach:
    server = request.getfixturevalue("server")
    return over(action("ssh", server.options(USER if server.has_operator else getpass.getuser())))


def operator(server: Server, become: str, *ssh_args: str, become_user: str = "root") -> NodeAction:
    """The action class for the user who has a password and sudo."""
    if not server.has_operator:
        pytest.skip("only root can have a user of its own for a test")
    _program(become)
    secrets = {"become_user": become_user, "become_pass": PASSWORD}
    return action("ssh", server.options(USER, *ssh_args), become, secrets)


def _ssh_sudo(request: pytest.FixtureRequest) -> Reach:
    return over(operator(request.getfixturevalue("server"), "sudo"))


def _guest(_request: pytest.FixtureRequest) -> Reach:
    host = os.environ.get("EVERGREEN_TEST_HOST")
    if host is None:
        pytest.skip("EVERGREEN_TEST_HOST names no guest")
    options = {
        "host": host,
        "port": int(os.environ.get("EVERGREEN_TEST_PORT", "22")),
        "remote_user": os.environ.get("EVERGREEN_TEST_USER", "core"),
        "private_key_file": os.environ.get("EVERGREEN_TEST_KEY"),
        "ssh_args": "-o ControlMaster=auto -o ControlPersist=60s",
        "ssh_extra_args": os.environ.get("EVERGREEN_TEST_SSH_ARGS", ""),
    }
    return over(action("ssh", options, "sudo", {"become_user": "root"}))


REACHES: dict[str, Make] = {
    "module": lambda _request: Reach(LocalNode(), local_shell),
    "local": lambda _request: over(action("local", {})),
    "bash": lambda _request: Reach(shell_node(_program("bash")), local_shell),
    "busybox": _busybox,
    "noisy": _noisy,
    "sjis": _sjis,
    "ssh": _ssh,
    "ssh-sudo": _ssh_sudo,
    "guest": _guest,
}


@pytest.fixture(scope="session", params=REACHES)
def reach(request: pytest.FixtureRequest) -> Reach:
    return REACHES[request.param](request)


@pytest.fixture
def machine(reach: Reach) -> t.Iterator[Machine]:
    folder = reach.shell("mktemp -d").strip()
    yield Machine(reach.node, reach.shell, folder)
    reach.shell(f"rm -rf {folder}")
