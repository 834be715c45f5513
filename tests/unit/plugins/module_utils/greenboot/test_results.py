# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of each check, from the lines that each generation writes."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot import journal
from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot.checks import Check, ordered
from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot.results import results

from . import boots
from .boots import CHECK

FILES = [
    (f"{CHECK}/required.d/50_route.sh", True),
    (f"{CHECK}/required.d/10_zsh.sh", True),
    (f"{CHECK}/required.d/20_off.sh", True),
    (f"{CHECK}/wanted.d/50_time.sh", True),
]
Told = tuple[str, str, "float | None", str]
ZSH, OFF, ROUTE, TIME = "10_zsh.sh", "20_off.sh", "50_route.sh", "50_time.sh"
NEVER: list[Told] = [(name, "not_run", None, "") for name in (ZSH, OFF, ROUTE, TIME)]

CASES: list[tuple[str, str, str, str, list[Told]]] = [
    (
        "all passed but a wanted one", "shell", "green", boots.SHELL_GREEN,
        [(ZSH, "passed", 0.7, "looking for zsh"), (OFF, "skipped", None, ""), (ROUTE, "passed", 0.5, ""),
         (TIME, "failed", 2.0, "not synchronised")],
    ),
    (
        "the first failure ends it", "shell", "red", boots.SHELL_RED_EARLY,
        [(ZSH, "failed", 0.7, "zsh is missing"), *NEVER[1:]],
    ),
    (
        "older releases go on in the folder", "shell", "red", boots.SHELL_OLD_RED,
        [(ZSH, "failed", 0.7, ""), (OFF, "passed", 0.3, ""), (ROUTE, "passed", 1.5, ""), NEVER[3]],
    ),
    (
        "the second one runs", "shell", "in_progress", boots.SHELL_RUNNING,
        [(ZSH, "passed", 0.7, ""), (OFF, "running", None, "waiting"), *NEVER[2:]],
    ),
    (
        "the second one was killed with the unit", "shell", "red", boots.SHELL_RUNNING,
        [(ZSH, "passed", 0.7, ""), (OFF, "failed", None, "waiting"), *NEVER[2:]],
    ),
    ("nothing has begun", "shell", "in_progress", "", NEVER),
    (
        "a check that came after the boot has not run", "shell", "green",
        boots.SHELL_RUNNING.replace("10.9 20_off.sh waiting", "10.9 greenboot Script '50_route.sh' SUCCESS"),
        [(ZSH, "passed", 0.7, ""), NEVER[1], (ROUTE, "passed", 0.2, ""), NEVER[3]],
    ),
    (
        "a check that is gone", "shell", "green",
        boots.SHELL_GREEN.replace("20_off", "20_gone"),
        [(ZSH, "passed", 0.7, "looking for zsh"), NEVER[1], (ROUTE, "passed", 0.5, ""),
         (TIME, "failed", 2.0, "not synchronised"), ("20_gone.sh", "skipped", None, "")],
    ),
    (
        "the last line of a script comes after its end", "shell", "green",
        boots.SHELL_GREEN + "13.6 50_time.sh really not",
        [(ZSH, "passed", 0.7, "looking for zsh"), (OFF, "skipped", None, ""), (ROUTE, "passed", 0.5, ""),
         (TIME, "failed", 2.0, "not synchronised\nreally not")],
    ),
    (
        "all passed but a wanted one", "rust", "green", boots.RUST_GREEN,
        [(ZSH, "passed", 0.7, ""), (OFF, "skipped", None, ""), (ROUTE, "passed", 0.5, ""),
         (TIME, "failed", 2.0, "not synchronised")],
    ),
    (
        "without what the logger puts before a line", "rust", "green", boots.RUST_GREEN.replace(">", ""),
        [(ZSH, "passed", 0.7, ""), (OFF, "skipped", None, ""), (ROUTE, "passed", 0.5, ""),
         (TIME, "failed", 2.0, "not synchronised")],
    ),
    (
        "the first failure ends it", "rust", "red", boots.RUST_RED,
        [(ZSH, "failed", 0.7, "zsh is missing\n\n/etc/greenboot/check/required.d/10_zsh.sh: line 4: boom"), *NEVER[1:]],
    ),
    (
        "a program that cannot be started", "rust", "red", boots.RUST_CANNOT_START,
        [(ZSH, "failed", 0.1, ""), *NEVER[1:]],
    ),
    (
        "the second one runs", "rust", "in_progress", boots.RUST_RUNNING,
        [(ZSH, "passed", 0.7, ""), (OFF, "running", None, ""), *NEVER[2:]],
    ),
    (
        "the second one was killed with the unit", "rust", "red", boots.RUST_RUNNING,
        [(ZSH, "passed", 0.7, ""), (OFF, "failed", None, ""), *NEVER[2:]],
    ),
    (
        "a check that is gone", "rust", "green", boots.RUST_GREEN.replace("10_zsh", "10_gone"),
        [NEVER[0], (OFF, "skipped", None, ""), (ROUTE, "passed", 0.5, ""), (TIME, "failed", 2.0, "not synchronised"),
         ("10_gone.sh", "passed", 0.7, "")],
    ),
    ("nothing has begun", "rust", "not_run", "", NEVER),
]  # fmt: skip


@pytest.mark.parametrize(
    ("generation", "said", "lines", "told"),
    [case[1:] for case in CASES],
    ids=[f"{case[1]}: {case[0]}" for case in CASES],
)
def test_results(generation: str, said: str, lines: str, told: list[Told]) -> None:
    found = results(journal.parse(boots.journal(lines)), ordered(FILES, generation), generation, said)
    assert [(each.check.name, each.result, each.duration, each.output) for each in found] == told


@pytest.mark.parametrize("generation", ["shell", "rust"])
def test_one_name_in_two_places(generation: str) -> None:
    """The vendor's check and the administrator's own of the same name both run."""
    paths = ["/usr/lib/greenboot/check/required.d/01_dns.sh", f"{CHECK}/required.d/01_dns.sh"]
    lines = {
        "shell": """
            1.0 greenboot Running Required Health Check Scripts...
            2.0 greenboot Script '01_dns.sh' SUCCESS
            2.0 greenboot Running Required Health Check Scripts...
            2.5 01_dns.sh no answer
            5.0 greenboot Script '01_dns.sh' FAILURE (exit code '1'). Continuing...
        """,
        "rust": f"""
            1.0 greenboot >running required check {paths[0]}
            2.0 greenboot >required script {paths[0]} success!
            2.0 greenboot >running required check {paths[1]}
            5.0 greenboot >required script error:
            5.0 greenboot >required script {paths[1]} failed!
            5.0 greenboot no answer
        """,
    }[generation]
    checks = ordered([(path, True) for path in paths], generation)
    found = results(journal.parse(boots.journal(lines)), checks, generation, "red")
    assert [(each.check.path, each.result, each.duration, each.output) for each in found] == [
        (paths[0], "passed", 1.0, ""),
        (paths[1], "failed", 3.0, "no answer"),
    ]


V, A = "/usr/lib/greenboot/check", CHECK
TREE: list[tuple[str, bool]] = [
    (f"{A}/wanted.d/b.sh", True),
    (f"{A}/required.d/a.sh", False),
    (f"{A}/required.d/program", True),
    (f"{A}/required.d/README", False),
    (f"{A}/required.d/deep/c.sh", True),
    (f"{V}/wanted.d/z.sh", True),
    (f"{V}/required.d/y.sh", True),
    ("/etc/greenboot/green.d/x.sh", True),
]


@pytest.mark.parametrize(
    ("generation", "expected"),
    [
        (
            "shell",
            [
                (f"{V}/required.d/y.sh", "bash"),
                (f"{V}/wanted.d/z.sh", "bash"),
                (f"{A}/required.d/a.sh", "bash"),
                (f"{A}/required.d/deep/c.sh", "bash"),
                (f"{A}/wanted.d/b.sh", "bash"),
            ],
        ),
        (
            "rust",
            [
                (f"{V}/required.d/y.sh", "bash -C"),
                (f"{A}/required.d/a.sh", "bash -C"),
                (f"{A}/required.d/program", "directly"),
                (f"{V}/wanted.d/z.sh", "bash -C"),
                (f"{A}/wanted.d/b.sh", "bash -C"),
            ],
        ),
    ],
)
def test_what_runs_in_which_order_and_how(generation: str, expected: list[tuple[str, str]]) -> None:
    assert [(check.path, check.how) for check in ordered(TREE, generation)] == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("text", "text"),
        (None, ""),
        ([195, 164, 27], "ä\x1b"),
        (["first", "second"], "first"),
    ],
)
def test_fields_of_the_journal(value: t.Any, message: str) -> None:
    (entry,) = journal.parse(
        "-- No entries --\n[]\n" + json.dumps({"MESSAGE": value, "__MONOTONIC_TIMESTAMP": "1500000"})
    )
    assert (entry.message, entry.at, entry.unit) == (message, 1.5, "")


def test_a_check_knows_the_folder_that_it_belongs_to() -> None:
    (deep,) = (check for check in ordered(TREE, "shell") if check.name == "c.sh")
    assert deep == Check("required", "c.sh", f"{A}/required.d/deep/c.sh", f"{A}/required.d", "bash")
