# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program that reads the access log of a mirror."""

from __future__ import annotations

import base64
import json
import subprocess
import typing as t
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[3] / "roles" / "ostree_mirror" / "files" / "traffic.awk"
COMMIT = bytes(range(32)).hex()
OTHER = bytes(range(100, 132)).hex()


def delta(origin: str, target: str) -> str:
    """The place of a static delta, as libostree names it."""
    names = [base64.b64encode(bytes.fromhex(each)).decode().rstrip("=").replace("/", "_") for each in (origin, target)]
    name = "-".join(names)
    return f"/deltas/{name[:2]}/{name[2:]}"


def report(*lines: str, pause: int = 60) -> list[dict[str, t.Any]]:
    done = subprocess.run(
        ["awk", "-v", f"pause={pause}", "-f", PROGRAM],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found


def test_nothing() -> None:
    assert report("") == []
    assert report('198.51.100.1 - - [01/Jan/2026] "GET / HTTP/1.1" 200 5', "1.0 a 200 x /objects/y") == []


def test_updates_of_clients() -> None:
    found = report(
        f"1000.000 a 200 10 /objects/{COMMIT[:2]}/{COMMIT[2:]}.commit",
        "1000.500 b 200 7 /summary",
        "1001.000 a 200 100 /objects/00/1.filez",
        "1002.000 a 404 3 /objects/00/2.commitmeta",
        "1500.000 a 304 2 /summary",
        "1561.000 a 200 5 /objects/00/name with blanks",
    )
    assert [client["client"] for client in found] == ["a", "b"]
    assert [(each["start"], each["end"]) for each in found[0]["updates"]] == [(1000, 1002), (1500, 1500), (1561, 1561)]
    assert found[0]["updates"][0] == {
        "start": 1000, "end": 1002, "requests": 3, "objects": 2, "delta_files": 0, "not_found": 1, "bytes": 113,
        "commits": [COMMIT],
    }  # fmt: skip
    assert (found[0]["requests"], found[0]["objects"], found[0]["bytes"]) == (5, 3, 120)
    assert (found[1]["requests"], found[1]["objects"], found[1]["bytes"]) == (1, 0, 7)


@pytest.mark.parametrize("target", [COMMIT, OTHER, "f" * 64, "0" * 64])
def test_a_delta_tells_the_commit(target: str) -> None:
    (client,) = report(
        f"1.0 a 200 10 {delta(OTHER, target)}/superblock",
        f"1.1 a 200 90 {delta(OTHER, target)}/0",
        f"1.2 a 200 5 /objects/{target[:2]}/{target[2:]}.commitmeta",
    )
    (update,) = client["updates"]
    assert (update["delta_files"], update["objects"], update["commits"]) == (2, 1, [target])


def test_more_bytes_than_an_int() -> None:
    (client,) = report(*[f"{number}.0 a 200 4000000000 /objects/00/{number}" for number in range(3)])
    assert client["bytes"] == 12_000_000_000
