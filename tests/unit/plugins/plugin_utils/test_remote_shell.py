# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes over the wire and how an answer is read."""

from __future__ import annotations

import base64
import re
import subprocess

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.plugin_utils.remote_shell import Incomplete, Request, call, quote


def answer_to(request: Request) -> str:
    command, stdin = request.encode()
    done = subprocess.run(["sh", "-c", command], input=stdin, capture_output=True, check=True)
    return done.stdout.decode()


REQUEST = Request((call("program", "printf", "one\n\n"), call("file", "/proc/version"), call("program", "no-such")))


def test_the_command_holds_nothing_but_the_size_of_the_script() -> None:
    command, stdin = Request((call("program", "echo", "word"),), content=b"content").encode()
    other, _stdin = Request((call("program", "echo", "other"),), content=b"else", environment={"A": "b"}).encode()
    assert command == other
    count = re.search(r"dd bs=4096 count=(\d+) ", command)
    assert count is not None
    script, content = stdin[: 4096 * int(count[1])], stdin[4096 * int(count[1]) :]
    assert b"\nprogram 'echo' 'word'\n" in script
    assert base64.b64decode(content) == b"content"


def test_every_request_has_its_own_token() -> None:
    requests = [Request((call("program", "true"),)) for _number in range(2)]
    with pytest.raises(Incomplete):
        requests[0].decode(answer_to(requests[1]))


def test_an_answer_with_something_before_and_after_it() -> None:
    noise = "Last login: never\n:::\n" + base64.b64encode(b"not this").decode()
    sections = REQUEST.decode(noise + answer_to(REQUEST) + noise)
    assert [section.status for section in sections] == ["0", "0", "missing"]
    assert sections[0].stdout == b"one\n\n"


def test_an_answer_with_the_line_ends_of_a_terminal() -> None:
    answer = answer_to(REQUEST)
    assert REQUEST.decode(answer.replace("\n", "\r\n")) == REQUEST.decode(answer)


def test_an_answer_that_is_cut_anywhere_is_no_answer() -> None:
    answer = answer_to(REQUEST)
    whole = answer.rindex(REQUEST.token) + len(REQUEST.token)
    for length in range(whole):
        with pytest.raises(Incomplete):
            REQUEST.decode(answer[:length])
    assert len(REQUEST.decode(answer[:whole])) == 3


@pytest.mark.parametrize("noise", ["é", "*", "=broken=", "word:"])
def test_an_answer_with_something_in_the_middle_of_it_is_no_answer(noise: str) -> None:
    answer = answer_to(REQUEST)
    middle = answer.index(":") + 9
    with pytest.raises(Incomplete):
        REQUEST.decode(answer[:middle] + noise + answer[middle:])


def test_a_shell_that_has_begun() -> None:
    answer = answer_to(REQUEST)
    assert REQUEST.begun(answer[: answer.index(":") + 1])
    assert not REQUEST.begun(answer[: answer.index(":")])


def test_quote_takes_bytes_that_are_not_utf8() -> None:
    assert quote("a'b\udcff") == b"'a'\\''b\xff'"


def test_quote_refuses_what_no_program_can_be_given() -> None:
    with pytest.raises(FleetError, match=r"holds a NUL byte: 'a.x00b'"):
        quote("a\0b")
