# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agent is killed at every moment at which it changes something; the next run ends as if nothing had happened."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
import typing as t

from .conftest import Site

# Runs the agent, and kills it before its nth change of the file system or start of a program.
KILLER = """
import os, runpy, signal, sys
left = int(sys.argv.pop(1))
changes = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "shutil.rmtree", "subprocess.Popen"}
def count(event, arguments):
    global left
    if event in changes or event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
agent = sys.argv[1]
sys.argv[:] = sys.argv[1:]
sys.addaudithook(count)
runpy.run_path(agent, run_name="__main__")
"""


def killed(site: Site, moment: int) -> bool:
    _python, options, agent, config = site.command()
    command = [sys.executable, options, "-c", KILLER, str(moment), agent, config]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert done.returncode in (0, 1, -signal.SIGKILL), done
    return done.returncode == -signal.SIGKILL


def every_moment(site: Site, step: int) -> t.Iterator[int]:
    """Start from the same state each time, and be killed a little later each time, until there is nothing to kill."""
    before = site.folder / "before"
    subprocess.run(["cp", "-a", site.state, before], check=True)
    for moment in itertools.count(1, step):
        subprocess.run(["rm", "-rf", site.state], check=True)
        subprocess.run(["cp", "-a", before, site.state], check=True)
        if not killed(site, moment):
            assert moment > 30
            return
        yield moment


def test_while_it_takes_a_new_commit(site: Site) -> None:
    site.commit("good")
    assert site.run() == 0
    newer = site.commit("newer")
    for moment in every_moment(site, step=2):
        assert site.current() in ("good", "newer")
        assert site.run() == 0, (moment, site.printed)
        assert site.current() == "newer"
        # Either it was the last thing that was killed, or it was not done yet.
        assert site.outcome() in ("applied", "unchanged")
        assert json.loads((site.state / "state.json").read_text()) == {"good": newer, "attempts": {}, "accepted": None}
        assert [path.name for path in (site.state / "commits").iterdir()] == [newer], moment
        assert not list(site.state.glob(".*.new")), moment


def test_while_a_bad_commit_fails(site: Site) -> None:
    good = site.commit("good")
    assert site.run() == 0
    bad = site.commit("bad", status=1)
    for moment in every_moment(site, step=7):
        assert site.current() in ("good", "bad")
        assert site.run() == 1
        assert site.current() == "good"
        state = json.loads((site.state / "state.json").read_text())
        assert (state["good"], state["attempts"][bad] in (1, 2)) == (good, True), moment
