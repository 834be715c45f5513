# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which signed commits are played, how often, and what is kept of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import time

import pytest

from .conftest import Site


def test_a_run_and_its_traces(site: Site) -> None:
    first = site.commit("first")
    assert site.run() == 0
    assert (site.outcome(), site.status()["good"], site.status()["exit_status"]) == ("applied", first, 0)
    second = site.commit("second")
    assert site.run() == 0
    assert site.plays() == ["first", "second"]
    assert site.current() == "second"
    assert [path.name for path in (site.state / "commits").iterdir()] == [second]


def test_nothing_new(site: Site) -> None:
    site.commit("good")
    site.run()
    assert site.run() == 0
    assert site.outcome() == "unchanged"
    assert site.plays() == ["good", "good"]
    site.options["reconcile"] = False
    assert site.run() == 0
    assert site.outcome() == "unchanged"
    assert site.plays() == ["good", "good"]


def test_a_commit_that_fails(site: Site) -> None:
    site.options["attempts"] = 2
    good = site.commit("good")
    site.run()
    bad = site.commit("bad", status=2)
    for attempt in (1, 2):
        assert site.run() == 1
        status = site.status()
        assert (status["outcome"], status["played"], status["exit_status"]) == ("failed", bad, 2)
        assert f"for the {attempt}. time" in status["reason"]
        assert (status["good"], site.current()) == (good, "good")
    # Now it is given up, and the site goes back to what was good.
    assert site.run() == 1
    status = site.status()
    assert (status["outcome"], status["played"], status["exit_status"]) == ("refused", good, 0)
    assert "failed 2 times" in status["reason"]
    assert site.plays() == ["good", "bad", "bad", "good"]
    newer = site.commit("newer")
    assert site.run() == 0
    assert (site.status()["good"], site.current()) == (newer, "newer")


def test_the_first_one_fails(site: Site) -> None:
    site.commit("bad", status=2)
    assert site.run() == 1
    assert site.current() is None
    assert site.status()["good"] is None
    site.commit("good")
    assert site.run() == 0
    assert site.current() == "good"


def test_the_good_one_fails_later(site: Site) -> None:
    """A node is down: that says nothing about the commit."""
    site.commit("good", play='echo good >>"$LOG"; test $(wc -l <"$LOG") != 2\n')
    for status, outcome in ((0, "applied"), (1, "failed"), (0, "unchanged")):
        assert (site.run(), site.outcome()) == (status, outcome)
        assert site.current() == "good"


@pytest.mark.parametrize("way", ["older", "beside", "unrelated"])
def test_a_signed_commit_that_is_not_newer(site: Site, way: str) -> None:
    """Old releases are signed too: whoever can move the ref must not be able to bring back their holes."""
    older = site.commit("older")
    site.commit("good")
    assert site.run() == 0
    if way == "unrelated":
        site.git("switch", "-q", "--orphan", "elsewhere")
        other = site.commit("other")
        site.git("update-ref", "refs/heads/main", other)
    else:
        site.git("reset", "-q", "--hard", older)
        other = older if way == "older" else site.commit("beside")
    assert site.run() == 1
    assert site.outcome() == "refused"
    assert "does not come after" in site.status()["reason"]
    assert (site.current(), site.plays()) == ("good", ["good", "good"])

    site.options["accepted_commit"] = other
    assert site.run() == 0
    assert site.status()["good"] == other
    assert site.current() != "good"


def test_acceptance_is_for_once(site: Site) -> None:
    older = site.commit("older")
    site.commit("good")
    site.run()
    site.git("reset", "-q", "--hard", older)
    site.options["accepted_commit"] = older
    assert site.run() == 0
    newer = site.commit("newer")
    assert site.run() == 0
    site.git("reset", "-q", "--hard", older)
    assert site.run() == 1
    assert "does not come after" in site.status()["reason"]
    assert site.status()["good"] == newer


def test_acceptance_is_no_signature(site: Site) -> None:
    site.commit("good")
    site.run()
    site.options["accepted_commit"] = site.commit("bad", None)
    assert site.run() == 1
    assert "signature" in site.status()["reason"]


def test_the_first_one_can_be_bound(site: Site) -> None:
    older = site.commit("older")
    oldest = site.commit("oldest")
    site.options["oldest_commit"] = oldest
    site.git("reset", "-q", "--hard", older)
    assert site.run() == 1
    assert "does not come after" in site.status()["reason"]
    site.git("reset", "-q", "--hard", oldest)
    assert site.run() == 0


@pytest.mark.parametrize("annotated", [False, True])
def test_a_tag(site: Site, annotated: bool) -> None:
    site.options["ref"] = "refs/tags/site"
    older = site.commit("older")
    good = site.commit("good")
    message = ["-a", "-m", "x"] if annotated else []
    site.git("tag", "-f", *message, "site", good)
    assert site.run() == 0
    site.git("tag", "-f", *message, "site", older)
    assert site.run() == 1
    assert "does not come after" in site.status()["reason"]
    site.git("tag", "-f", *message, "site", site.commit("bad", None))
    assert site.run() == 1
    assert "signature" in site.status()["reason"]
    assert set(site.plays()) == {"good"}


def test_the_repository_cannot_be_reached(site: Site) -> None:
    site.commit("good")
    site.run()
    site.origin.rename(site.folder / "away")
    assert site.run() == 1
    assert site.outcome() == "unavailable"
    assert str(site.origin) in site.status()["reason"]
    assert site.plays() == ["good", "good"]


def test_the_ref_is_not_there(site: Site) -> None:
    site.commit("good")
    site.options["ref"] = "refs/heads/nowhere"
    assert site.run() == 1
    assert site.outcome() == "unavailable"


@pytest.mark.parametrize("damage", ["object", "ref", "all"])
def test_a_repository_that_a_power_cut_broke_is_fetched_again(site: Site, damage: str) -> None:
    site.commit("good")
    site.run()
    site.commit("newer")
    repository = site.state / "repository"
    if damage == "object":
        for path in repository.glob("objects/??/*"):
            path.chmod(0o600)
            path.write_bytes(b"")
    elif damage == "ref":
        (repository / "refs" / "pull-agent" / "tip").write_text("")
    else:
        shutil.rmtree(repository)
    assert site.run() == 0, site.printed
    assert (site.outcome(), site.current()) == ("applied", "newer")


def test_a_folder_that_somebody_removed(site: Site) -> None:
    site.commit("good")
    site.run()
    shutil.rmtree(site.state / "commits")
    assert site.run() == 0
    assert site.current() == "good"


def test_reports_are_kept_and_not_for_ever(site: Site) -> None:
    site.options["reports"] = 2
    site.commit("good", play='mkdir -p "$EVERGREEN_FLEET_REPORT_FOLDER"; sleep 1\n')
    for _run in range(4):
        assert site.run() == 0
    kept = sorted((site.state / "reports").iterdir())
    assert len(kept) == 2
    assert site.status()["report"] == f"reports/{kept[-1].name}"


def test_no_two_at_once(site: Site) -> None:
    go = site.folder / "go"
    site.commit("slow", play=f'echo slow >>"$LOG"; until test -e {go}; do sleep 0.05; done\n')
    with subprocess.Popen(site.command(), stdout=subprocess.DEVNULL) as first:
        while site.plays() != ["slow"]:
            time.sleep(0.02)
        assert site.run() == 75
        first.kill()
        first.wait()
        # The play goes on without its agent, and nobody starts another beside it.
        assert site.run() == 75
        go.touch()
    until = time.monotonic() + 20
    while (status := site.run()) == 75 and time.monotonic() < until:
        time.sleep(0.05)
    assert status == 0
    assert site.plays() == ["slow", "slow"]


def test_a_wrong_configuration(site: Site) -> None:
    site.options["signers"] = "x"
    assert site.run() == 1
    assert "is no configuration of the pull agent" in site.printed
    assert "signers" in site.printed
    assert list(site.state.iterdir()) == []


def test_a_play_that_cannot_be_started(site: Site) -> None:
    good = site.commit("good")
    site.run()
    site.commit("newer")
    site.options["command"] = ["no-such-program"]
    assert site.run() == 1
    assert site.outcome() == "failed"
    assert "no-such-program" in site.status()["reason"]
    site.options["command"] = ["sh", "play"]
    state = json.loads((site.state / "state.json").read_text())
    assert state["good"] == good
    assert site.run() == 0
    assert site.current() == "newer"
