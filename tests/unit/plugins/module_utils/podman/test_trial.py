# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the node's own programs say of a set: recorded runs of the real generator, and both scripts on this machine."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.place import place
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.trial import Verdict, try_out

from .fake import FakeNode, encoded, wanted

FIXTURES = pathlib.Path(__file__).parents[5].parent / "shared" / "fixtures" / "quadlet"

needs_fixtures = pytest.mark.skipif(not FIXTURES.is_dir(), reason=f"no recorded dry runs in {FIXTURES}")

# By case, the first version that accepts it; None when no version does.
ACCEPTED: dict[str, tuple[int, int] | None] = {
    "web": (4, 9),
    "pod": (5, 0),
    "kube": (4, 9),
    "image": (4, 9),
    "build": (5, 4),
    "artifact": (5, 8),
    "template": (4, 4),
    "err-unknown-key": None,
    "err-unknown-key-new": (5, 6),
    "err-no-image": None,
    "err-short-name": (4, 4),
    "err-syntax": None,
    "err-garbage": None,
    "err-type": None,
    "err-service-key": (4, 4),
    "err-autoupdate-invalid": (4, 6),
    "dropin": (4, 4),
    "socket-activated": (4, 4),
}

# Of these the set does not get as far as the node.
NO_UNIT_FILE = ("err-syntax", "err-garbage")

# Accepted by old versions, refused by new ones: by us always.
LATER_REFUSED = ("err-missing-volume",)


def recorded() -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads((FIXTURES / "recorded-dryrun.json").read_text(encoding="utf-8")))


def trial(rc: int, stdout: str, stderr: str) -> str:
    return f"generator {rc} {encoded(stdout.encode())} {encoded(stderr.encode())}\nverify 0 {encoded(b'')}\n"


@needs_fixtures
def test_no_recorded_case_is_forgotten() -> None:
    assert set(recorded()) == {*ACCEPTED, *LATER_REFUSED, "empty"}


@needs_fixtures
@pytest.mark.parametrize("case", [case for case in ACCEPTED if case not in NO_UNIT_FILE])
def test_recorded_dry_runs(case: str) -> None:
    files = {path.name: path.read_text() for path in (FIXTURES / "in" / case).iterdir() if path.is_file()}
    found = wanted(files)
    targets = place(found, (5, 8))
    first = ACCEPTED[case]
    for version, run in recorded()[case]["runs"].items():
        major, minor, *_rest = version.lstrip("v").split(".")
        node = FakeNode([], trial=trial(run["rc"], run["stdout"], run["stderr"]))
        if first is not None and (int(major), int(minor)) >= first:
            try_out(node, "core", targets)
        else:
            with pytest.raises(
                FleetError, match=r"the Quadlet generator of the node does not accept \S+: \S"
            ) as refused:
                try_out(node, "core", targets)
            assert "quadlet-generator[" not in refused.value.message


UNITS = {"web.container": "[Container]\nImage=registry.example.com/web:1", "web.timer": "[Timer]\nOnCalendar=daily"}
WEB = "---web.service---\n[Service]\n"


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (trial(0, WEB, ""), Verdict()),
        (f"missing registry.example.com/web:1\n{trial(0, WEB, '')}", Verdict(missing=("registry.example.com/web:1",))),
        (
            trial(
                0, WEB, "quadlet-generator[7]: Loading source unit file /x\nquadlet-generator[7]: Warning: a short name"
            ),
            Verdict(warnings=("Warning: a short name",)),
        ),
    ],
)
def test_accepted(answer: str, verdict: Verdict) -> None:
    assert try_out(FakeNode([], trial=answer), "core", place(wanted(UNITS), (5, 4))) == verdict


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            trial(0, "", "quadlet-generator[7]: Error converting 'web.container', ignoring: bad"),
            "does not accept web.container: Error",
        ),
        (trial(1, WEB, "quadlet-generator[7]: a drop-in is bad"), "does not accept the set: a drop-in is bad"),
        (
            f"generator 0 {encoded(WEB.encode())} =\nverify 1 {encoded(b'/tmp/tmp.1/units/web.timer:2: nonsense')}\n",
            "systemd does not accept the set: web.timer:2: nonsense",
        ),
        ("generator 0\n", "did not say what its Quadlet generator"),
        ("generator zero = =\n", "did not say what its Quadlet generator"),
    ],
)
def test_refused(answer: str, sentence: str) -> None:
    with pytest.raises(FleetError) as refused:
        try_out(FakeNode([], trial=answer), "core", place(wanted(UNITS), (5, 4)))
    assert sentence in refused.value.message
