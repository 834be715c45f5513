# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every implementation of the Node protocol does alike, on whatever it is reached through."""

from __future__ import annotations

import base64
import hashlib
import os
import shlex
import time
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import CommandError, FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed, File

if t.TYPE_CHECKING:
    from .conftest import Machine

NASTY = (
    "",
    " ",
    "two words",
    "-rf",
    "--help",
    "it's",
    'a "quoted" one',
    "$HOME ${PATH} $(id) `id`",
    "back\\slash\\",
    "new\nline\n",
    "\ttab\r\n",
    "*?[a-z]~!#&|;<>(){}%",
    "ünïcödé 日本語",
    "not UTF-8: \udce3\udcff",
    "a lead byte before the end quote \udc83",
)
NAMES = (
    "-rf",
    'it\'s a "quoted" $HOME $(id) `id` one\\',
    "new\nline *?[a-z]~!#&|;<>(){}%",
    "ünïcödé 日本語, not UTF-8: \udce3\udcff, a lead byte before the end quote \udc83",
)
# Seconds that a call with a time limit of one may take in all: an emulated guest needs one for a round trip.
SLOW = 4
BINARY = bytes(range(256)) * 5 + b"\n\n\0\n"


def raw(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def test_run_gives_exit_code_and_both_outputs(machine: Machine) -> None:
    argv = ("sh", "-c", "printf 'out\\n\\n'; printf 'err\\n' >&2; exit 3")
    assert machine.node.run(argv, ok=(0, 3)) == Completed(argv, 3, "out\n\n", "err\n")


def test_run_gives_no_output_of_its_own(machine: Machine) -> None:
    assert machine.node.run(("true",)) == Completed(("true",), 0, "", "")


def test_run_passes_arguments_as_they_are(machine: Machine) -> None:
    script = 'out=$1; shift; for argument; do printf "%s\\0" "$argument"; done >"$out"'
    machine.node.run(["sh", "-c", script, "sh", f"{machine.folder}/out", *NASTY])
    assert machine.content(f"{machine.folder}/out") == b"".join(raw(word) + b"\0" for word in NASTY)


def test_run_passes_a_long_argument(machine: Machine) -> None:
    assert machine.node.run(["sh", "-c", "echo ${#1}", "sh", "x" * 120_000]).stdout == "120000\n"


def test_run_refuses_what_no_program_can_be_given(machine: Machine) -> None:
    with pytest.raises(FleetError, match=r"NUL|null byte"):
        machine.node.run(["echo", "a\0b"])


def test_run_takes_the_program_not_the_shell_builtin(machine: Machine) -> None:
    builtin = "test"
    path = machine.node.run(["sh", "-c", f"PATH=$PATH:/usr/bin:/bin; which {builtin}"]).stdout.strip()
    if os.path.realpath(path) == os.path.realpath("/bin/busybox"):
        pytest.skip("busybox is all programs")
    # The program says its own name in its messages, a builtin that of the shell.
    said = machine.node.run([builtin, "1", "-eq", "x"], ok=(1, 2)).stderr
    assert said.startswith(f"{builtin}:")


def test_run_takes_no_shell_keyword_or_option_for_a_program(machine: Machine) -> None:
    for name in ("if", "exit", "-c", "export"):
        with pytest.raises(CommandError, match=f"cannot run {name}: No such file"):
            machine.node.run([name])


def test_run_gives_input_byte_by_byte(machine: Machine) -> None:
    machine.node.run(["sh", "-c", f"cat >{machine.folder}/in"], stdin=BINARY)
    assert machine.content(f"{machine.folder}/in") == BINARY


@pytest.mark.parametrize("stdin", [None, b""])
def test_run_without_input_is_an_empty_input(machine: Machine, stdin: bytes | None) -> None:
    assert machine.node.run(["cat"], stdin=stdin).stdout == ""


def test_run_of_a_program_that_reads_no_input(machine: Machine) -> None:
    assert machine.node.run(["sh", "-c", "echo done; exit 0"], stdin=b"x" * 300_000).stdout == "done\n"


def test_run_of_a_program_that_writes_while_it_reads(machine: Machine) -> None:
    text = "0123456789abcde\n" * 200_000
    assert machine.node.run(["cat"], stdin=text.encode()).stdout == text


def test_run_with_much_error_output(machine: Machine) -> None:
    argv = ["sh", "-c", "i=0; while [ $i -lt 20000 ]; do echo 0123456789 >&2; i=$((i+1)); done; echo end"]
    done = machine.node.run(argv)
    assert (done.stdout, done.stderr) == ("end\n", "0123456789\n" * 20_000)


def test_run_reports_an_exit_code_that_is_not_ok(machine: Machine) -> None:
    argv = ["sh", "-c", "echo out; echo first >&2; echo second >&2; exit 7"]
    with pytest.raises(CommandError, match="sh ended with exit code 7: second") as caught:
        machine.node.run(argv, ok=(0, 1))
    error = caught.value
    assert (error.argv, error.rc, error.stdout, error.stderr) == (tuple(argv), 7, "out\n", "first\nsecond\n")
    assert error.node == machine.node.name


@pytest.mark.parametrize("rc", [124, 126, 127, 137, 255])
def test_run_gives_any_exit_code_of_a_program(machine: Machine, rc: int) -> None:
    assert machine.node.run(["sh", "-c", f"exit {rc}"], ok=(rc,)).rc == rc


def test_run_adds_128_to_a_signal(machine: Machine) -> None:
    assert machine.node.run(["sh", "-c", "kill -9 $$"], ok=(137,)) == Completed(("sh", "-c", "kill -9 $$"), 137, "", "")


@pytest.mark.parametrize("name", ["no-such-program", "/no/such/program", "./no such $program"])
def test_run_of_a_program_that_is_not_there(machine: Machine, name: str) -> None:
    with pytest.raises(CommandError) as caught:
        machine.node.run([name, "argument"])
    assert caught.value.message == f"cannot run {name}: No such file or directory"
    assert caught.value.rc is None


def test_run_of_a_file_that_is_no_program(machine: Machine) -> None:
    machine.shell(f"echo exit 0 >{machine.folder}/file")
    with pytest.raises(CommandError, match=r"cannot run .*/file: Permission denied"):
        machine.node.run([f"{machine.folder}/file"])


def test_run_ends_at_its_time_limit_with_all_children(machine: Machine, request: pytest.FixtureRequest) -> None:
    if request.node.callspec.params["reach"] not in {"module", "local", "bash", "ssh-sudo", "guest"}:
        pytest.skip("it takes long, and the timeout of busybox kills the program only")
    started = time.monotonic()
    argv = ["sh", "-c", f"echo begun; (sleep {SLOW}; touch {machine.folder}/alive) & wait"]
    with pytest.raises(CommandError, match="sh did not end within 1 seconds") as caught:
        machine.node.run(argv, timeout=1)
    assert time.monotonic() - started < SLOW
    assert (caught.value.rc, caught.value.stdout) == (None, "begun\n")
    time.sleep(max(0, started + SLOW + 1 - time.monotonic()))
    assert machine.names() == []


def test_run_kills_what_does_not_end_when_asked_to(machine: Machine, request: pytest.FixtureRequest) -> None:
    if request.node.callspec.params["reach"] not in {"module", "local", "guest"}:
        pytest.skip("it takes long and shows nothing more here")
    started = time.monotonic()
    with pytest.raises(CommandError, match="sh did not end within 1 seconds"):
        machine.node.run(["sh", "-c", "trap '' TERM; sleep 30 & wait; wait; sleep 30"], timeout=1)
    assert time.monotonic() - started < 20


def test_run_within_its_time_limit(machine: Machine) -> None:
    assert machine.node.run(["sh", "-c", "echo quick; exit 2"], timeout=30, ok=(2,)).stdout == "quick\n"


def test_run_with_a_limit_of_a_program_that_is_not_there(machine: Machine) -> None:
    with pytest.raises(CommandError, match="cannot run no-such-program: No such file or directory"):
        machine.node.run(["no-such-program"], timeout=5)


def test_run_has_a_fixed_locale(machine: Machine) -> None:
    assert machine.node.run(["sh", "-c", "echo $LC_ALL $LANGUAGE"]).stdout == "C.UTF-8 C\n"


def test_gather_reads_files_and_programs_together(machine: Machine) -> None:
    machine.shell(f"printf 'content' >{machine.folder}/a; chmod 640 {machine.folder}/a")
    fails = ("sh", "-c", "echo out; echo err >&2; exit 5")
    found = machine.node.gather(
        {
            "a file": f"{machine.folder}/a",
            "no file": f"{machine.folder}/b",
            "fails": fails,
            "no program": ["no-such-program"],
            "silent": ["true"],
            "last": ["sh", "-c", "printf x"],
        }
    )
    file = found.pop("a file")
    assert isinstance(file, File)
    assert (file.content, file.mode) == (b"content", 0o640)
    assert found == {
        "no file": None,
        "fails": Completed(fails, 5, "out\n", "err\n"),
        "no program": None,
        "silent": Completed(("true",), 0, "", ""),
        "last": Completed(("sh", "-c", "printf x"), 0, "x", ""),
    }


def test_gather_of_nothing(machine: Machine) -> None:
    assert machine.node.gather({}) == {}


def test_gather_of_a_program_that_may_not_be_run(machine: Machine) -> None:
    machine.shell(f"echo exit 0 >{machine.folder}/file")
    with pytest.raises(CommandError, match=r"cannot run .*/file: Permission denied"):
        machine.node.gather({"x": [f"{machine.folder}/file"]})


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"no line end", BINARY, b"0 0\n0:0:0\n:\n"],
    ids=["empty", "line", "open", "binary", "lines"],
)
def test_read_gives_content_as_it_is(machine: Machine, content: bytes) -> None:
    path = f"{machine.folder}/file"
    machine.shell("printf '" + "".join(f"\\{byte:03o}" for byte in content) + f"' >{path}")
    file = machine.node.read([path])[path]
    assert file is not None
    assert file.content == content


def test_read_gives_mode_and_owners(machine: Machine) -> None:
    path = f"{machine.folder}/file"
    machine.shell(f"touch {path}; chmod 4751 {path}")
    file = machine.node.read([path])[path]
    who = machine.shell("id -un; id -gn").split()
    assert file == File(b"", 0o4751, who[0], who[1])


def test_read_gives_numbers_for_owners_without_a_name(machine: Machine) -> None:
    if not machine.is_root():
        pytest.skip("only root can give a file away")
    path = f"{machine.folder}/file"
    machine.shell(f"touch {path}; chown 54321:54322 {path}")
    file = machine.node.read([path])[path]
    assert file is not None
    assert (file.owner, file.group) == ("54321", "54322")


def test_read_of_what_does_not_exist(machine: Machine) -> None:
    folder = machine.folder
    machine.shell(f"cd {folder} && touch file && ln -s nowhere/at/all dangling && ln -s {folder}/none absolute")
    paths = [
        f"{folder}/none",
        f"{folder}/no/folder/none",
        f"{folder}/file/none",
        f"{folder}/dangling",
        f"{folder}/absolute",
    ]
    assert machine.node.read(paths) == dict.fromkeys(paths)


def test_read_follows_links(machine: Machine) -> None:
    machine.shell(f"cd {machine.folder} && printf target >file && ln -s file link")
    file = machine.node.read([f"{machine.folder}/link"])[f"{machine.folder}/link"]
    assert file is not None
    assert file.content == b"target"


@pytest.mark.parametrize("make", ["mkdir", "mkfifo"])
def test_read_refuses_what_is_not_a_regular_file(machine: Machine, make: str) -> None:
    machine.shell(f"{make} {machine.folder}/thing")
    with pytest.raises(FleetError, match=r"cannot read .*/thing: not a regular file") as caught:
        machine.node.read([f"{machine.folder}/thing"])
    assert caught.value.details["node"] == machine.node.name


def test_read_of_a_loop_of_links(machine: Machine) -> None:
    machine.shell(f"cd {machine.folder} && ln -s one two && ln -s two one")
    with pytest.raises(FleetError, match=r"cannot read .*/one: Too many levels of symbolic links"):
        machine.node.read([f"{machine.folder}/one"])


def test_read_of_what_may_not_be_read(machine: Machine) -> None:
    if machine.is_root():
        pytest.skip("root may read everything")
    machine.shell(f"cd {machine.folder} && mkdir folder && touch file folder/file && chmod 0 file folder")
    for name in ("file", "folder/file", "folder/none"):
        with pytest.raises(FleetError, match=rf"cannot read .*/{name}: Permission denied"):
            machine.node.read([f"{machine.folder}/{name}"])
    machine.shell(f"chmod 700 {machine.folder}/folder")


def test_read_of_a_file_of_the_kernel(machine: Machine) -> None:
    """It has no size before it is read."""
    file = machine.node.read(["/proc/version"])["/proc/version"]
    assert file is not None
    assert file.content.startswith(b"Linux")


@pytest.mark.parametrize("name", NAMES, ids=["option", "quotes", "specials", "bytes"])
def test_names_are_taken_as_they_are(machine: Machine, name: str) -> None:
    machine.shell(f"cd {machine.folder} && mkdir ./-folder ./-folder/-deep")
    deep = f"{machine.folder}/-folder/-deep/{name}"
    machine.node.write(deep, b"content")
    listed = machine.shell(f"cd {machine.folder}/-folder/-deep && {{ printf '%s\\0' *; cat ./*; }} | base64")
    assert base64.b64decode(listed) == raw(name) + b"\0content"
    file = machine.node.read([deep])[deep]
    assert file is not None
    assert file.content == b"content"
    machine.node.remove(deep)
    assert machine.shell(f"ls -A {machine.folder}/-folder/-deep") == ""


def test_write_makes_a_file(machine: Machine) -> None:
    path = f"{machine.folder}/new"
    machine.node.write(path, BINARY)
    assert machine.content(path) == BINARY
    assert machine.shell(f"stat -c '%a %U' {path}").split() == ["644", *machine.shell("id -un").split()]
    assert machine.names() == ["new"]


def test_write_replaces_a_file_at_once(machine: Machine) -> None:
    path = f"{machine.folder}/file"
    machine.shell(f"cd {machine.folder} && printf old >file && ln file before")
    machine.node.write(path, b"new", mode=0o600)
    # Who has the old file open goes on reading the old file.
    assert machine.content(f"{machine.folder}/before") == b"old"
    assert machine.content(path) == b"new"
    assert machine.shell(f"stat -c %a {path}").strip() == "600"
    assert machine.names() == ["before", "file"]


def test_write_of_nothing(machine: Machine) -> None:
    machine.node.write(f"{machine.folder}/empty", b"")
    assert machine.content(f"{machine.folder}/empty") == b""
    assert machine.names() == ["empty"]


def test_write_sets_mode_and_owners(machine: Machine) -> None:
    if not machine.is_root():
        pytest.skip("only root can give a file away")
    path = f"{machine.folder}/file"
    # In such a folder the kernel lets nobody open the file of another user to write.
    machine.shell(f"chmod 1777 {machine.folder}")
    machine.node.write(path, b"", mode=0o4755, owner="daemon", group="54322")
    assert machine.shell(f"stat -c '%a %U %g' {path}").split() == ["4755", "daemon", "54322"]
    machine.node.write(path, b"", group="daemon")
    assert machine.shell(f"stat -c '%a %U %G' {path}").split() == ["644", "root", "daemon"]


@pytest.mark.parametrize("who", [{"owner": "nobody-at-all"}, {"group": "nobody-at-all"}, {"owner": "root:root"}])
def test_write_refuses_an_owner_that_is_not_there(machine: Machine, who: dict[str, str]) -> None:
    machine.shell(f"printf old >{machine.folder}/file")
    with pytest.raises(FleetError, match=r"cannot write .*/file: "):
        machine.node.write(f"{machine.folder}/file", b"new", **who)
    assert machine.content(f"{machine.folder}/file") == b"old"
    assert machine.names() == ["file"]


def test_write_replaces_a_link_not_its_target(machine: Machine) -> None:
    machine.shell(f"cd {machine.folder} && printf old >target && ln -s target link")
    machine.node.write(f"{machine.folder}/link", b"new")
    assert machine.shell(f"[ -L {machine.folder}/link ] || cat {machine.folder}/link") == "new"
    assert machine.content(f"{machine.folder}/target") == b"old"
    assert machine.names() == ["link", "target"]


def test_write_replaces_a_link_to_a_folder(machine: Machine, request: pytest.FixtureRequest) -> None:
    if request.node.callspec.params["reach"] == "busybox":
        pytest.skip("the mv of busybox refuses it")
    machine.shell(f"cd {machine.folder} && mkdir folder && ln -s folder link")
    machine.node.write(f"{machine.folder}/link", b"new")
    assert machine.shell(f"[ -L {machine.folder}/link ] || cat {machine.folder}/link") == "new"
    assert machine.shell(f"ls -A {machine.folder}/folder") == ""


def test_write_refuses_a_folder(machine: Machine) -> None:
    machine.shell(f"mkdir {machine.folder}/folder")
    with pytest.raises(FleetError, match=r"cannot write .*/folder: "):
        machine.node.write(f"{machine.folder}/folder", b"new")
    assert machine.names() == ["folder"]
    assert machine.shell(f"ls -A {machine.folder}/folder") == ""


def test_write_into_a_folder_that_is_not_there(machine: Machine) -> None:
    with pytest.raises(FleetError, match=r"cannot write .*/none/file: No such file or directory") as caught:
        machine.node.write(f"{machine.folder}/none/file", b"new")
    assert caught.value.details["node"] == machine.node.name


@pytest.fixture
def mounted(machine: Machine) -> t.Iterator[str]:
    if not machine.is_root():
        pytest.skip("only root can mount")
    disk = f"{machine.folder}/disk"
    machine.shell(f"mkdir {disk} && mount -t tmpfs -o size=64k tmpfs {disk} && printf old >{disk}/file")
    yield disk
    machine.shell(f"umount {disk}")


def test_write_on_a_full_disk(machine: Machine, mounted: str) -> None:
    with pytest.raises(FleetError, match=r"cannot write .*/file: No space left on device"):
        machine.node.write(f"{mounted}/file", b"x" * 100_000)
    assert machine.content(f"{mounted}/file") == b"old"
    assert machine.shell(f"ls -A {mounted}").split() == ["file"]
    machine.node.write(f"{mounted}/file", b"y" * 30_000)
    assert machine.content(f"{mounted}/file") == b"y" * 30_000


def test_write_and_remove_on_a_read_only_disk(machine: Machine, mounted: str) -> None:
    machine.shell(f"mount -o remount,ro {mounted}")
    with pytest.raises(FleetError, match=r"cannot write .*/file: Read-only file system"):
        machine.node.write(f"{mounted}/file", b"new")
    with pytest.raises(FleetError, match=r"cannot remove .*/file: Read-only file system"):
        machine.node.remove(f"{mounted}/file")
    assert machine.content(f"{mounted}/file") == b"old"


def test_read_write_and_check_a_file_of_50_megabytes(machine: Machine, request: pytest.FixtureRequest) -> None:
    if request.node.callspec.params["reach"] not in {"module", "local", "busybox", "ssh-sudo", "guest"}:
        pytest.skip("it takes long and shows nothing more here")
    path = f"{machine.folder}/large"
    content = os.urandom(1_000_000) * 50
    machine.node.write(path, content)
    assert machine.shell(f"sha256sum <{shlex.quote(path)}").split()[0] == hashlib.sha256(content).hexdigest()
    file = machine.node.read([path])[path]
    assert file is not None
    assert file.content == content


def test_remove(machine: Machine) -> None:
    machine.shell(f"cd {machine.folder} && touch file kept && ln -s kept link")
    for name in ("file", "link", "none", "kept/none"):
        machine.node.remove(f"{machine.folder}/{name}")
    assert machine.names() == ["kept"]


def test_remove_refuses_a_folder(machine: Machine) -> None:
    machine.shell(f"mkdir {machine.folder}/folder")
    with pytest.raises(FleetError, match=r"cannot remove .*/folder: "):
        machine.node.remove(f"{machine.folder}/folder")
    assert machine.names() == ["folder"]
