# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose commits the agent plays, and that no other is ever checked out, played or linked."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from .conftest import Site


def nothing_came_of(site: Site, commit: str) -> None:
    assert not (site.state / "commits" / commit).exists()
    assert site.outcome() == "refused"
    assert "has no valid signature of a pinned signer" in site.status()["reason"]


@pytest.mark.parametrize("signer", [None, "mallory", "bob"])
def test_a_commit_of_nobody_pinned_never_runs(site: Site, signer: str | None) -> None:
    commit = site.commit("bad", signer)
    assert site.run() == 1
    nothing_came_of(site, commit)
    assert site.plays() == []
    assert site.current() is None


@pytest.mark.parametrize("signer", [None, "mallory", "bob"])
def test_the_old_configuration_keeps_running(site: Site, signer: str | None) -> None:
    good = site.commit("good")
    assert site.run() == 0
    bad = site.commit("bad", signer)
    assert site.run() == 1
    nothing_came_of(site, bad)
    # Also with the bad one at the tip, what was changed by hand is repaired.
    assert site.plays() == ["good", "good"]
    assert (site.current(), site.status()["good"]) == ("good", good)
    newer = site.commit("newer")
    assert site.run() == 0
    assert (site.current(), site.status()["good"]) == ("newer", newer)


def test_who_signed_is_told(site: Site) -> None:
    site.commit("good")
    assert site.run() == 0
    signature = site.status()["candidate"]["signature"]
    assert signature["signer"] == "alice@example.com"
    assert signature["key"].startswith("SHA256:")


def test_openpgp(site: Site) -> None:
    site.options = {"gpg_keys": str(site.keys.folder / "bob.asc")}
    site.commit("good", "bob")
    assert site.run() == 0
    assert site.status()["candidate"]["signature"]["signer"] == "Bob <bob@example.com>"
    nobody = site.commit("bad", "alice")
    assert site.run() == 1
    nothing_came_of(site, nobody)


def test_nobody_is_pinned(site: Site) -> None:
    site.options = {}
    commit = site.commit("good")
    assert site.run() == 1
    nothing_came_of(site, commit)


def test_a_signer_who_is_taken_out(site: Site) -> None:
    good = site.commit("good")
    assert site.run() == 0
    (site.folder / "nobody").write_text("")
    site.options["allowed_signers"] = str(site.folder / "nobody")
    assert site.run() == 1
    assert site.plays() == ["good"], "what he signed is not played any more"
    assert (site.current(), site.status()["good"]) == ("good", good), "and is still there to be looked at"


def test_a_key_that_was_good_for_something_else(site: Site) -> None:
    public = (site.keys.folder / "alice.pub").read_text()
    (site.folder / "signers").write_text(f'alice@example.com namespaces="file" {public}')
    site.options["allowed_signers"] = str(site.folder / "signers")
    commit = site.commit("good")
    assert site.run() == 1
    nothing_came_of(site, commit)


def test_the_repository_says_nothing_about_who_is_trusted(site: Site) -> None:
    mallory = (site.keys.folder / "mallory.pub").read_text()
    commit = site.commit("bad", "mallory", allowed_signers=f"mallory@example.com {mallory}")
    site.git("config", "gpg.ssh.allowedSignersFile", str(site.origin / "allowed_signers"))
    assert site.run() == 1
    nothing_came_of(site, commit)


def test_neither_does_the_user_or_the_caller(site: Site) -> None:
    mallory = (site.keys.folder / "mallory.pub").read_text()
    home = site.folder / "home"
    home.mkdir()
    (home / "signers").write_text(f"mallory@example.com {mallory}")
    config = f'[gpg "ssh"]\n\tallowedSignersFile = {home}/signers\n\tprogram = true\n[gpg]\n\tprogram = true\n'
    (home / ".gitconfig").write_text(config)
    commit = site.commit("bad", "mallory")
    environment = {
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_SYSTEM": str(home / ".gitconfig"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "gpg.ssh.allowedSignersFile",
        "GIT_CONFIG_VALUE_0": str(home / "signers"),
        "GNUPGHOME": str(site.keys.gnupg),
    }
    assert site.run(**environment) == 1
    nothing_came_of(site, commit)


def test_a_signature_of_another_commit(site: Site) -> None:
    site.commit("good")
    signed = site.git("cat-file", "commit", "HEAD")
    site.commit("bad", None)
    tree = site.git("rev-parse", "HEAD^{tree}")
    forged = "\n".join([f"tree {tree}", *signed.splitlines()[1:]]) + "\n"
    (site.folder / "forged").write_text(forged)
    commit = site.git("hash-object", "-t", "commit", "-w", str(site.folder / "forged"))
    site.git("update-ref", "refs/heads/main", commit)
    assert site.run() == 1
    nothing_came_of(site, commit)


def test_replaced_objects_are_not_what_is_looked_at(site: Site) -> None:
    good = site.commit("good")
    bad = site.commit("bad", None)
    site.git("replace", bad, good)
    site.options["git"] = {"remote.origin.fetch": "+refs/*:refs/*"}
    assert site.run() == 1
    nothing_came_of(site, bad)


def test_filters_of_attributes_do_not_run_and_no_file_is_left_out(site: Site) -> None:
    stolen = site.folder / "stolen"
    settings = site.folder / "gitconfig"
    settings.write_text(f'[filter "evil"]\n\tsmudge = touch {stolen}; cat\n')
    attributes = "* filter=evil\nkept export-ignore\nname export-subst\n"
    site.commit("$Format:%H$", **{".gitattributes": attributes, "kept": "still there", "play": ""})
    assert site.run(GIT_CONFIG_GLOBAL=str(settings)) == 0, site.printed
    assert site.current() == "$Format:%H$"
    assert not stolen.exists()


def test_submodules_are_not_fetched(site: Site) -> None:
    other = site.folder / "other"
    text = f'[submodule "x"]\n\tpath = x\n\turl = {other}\n'
    site.commit("good", **{".gitmodules": text})
    site.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},x")
    site.git(*site.keys.signing("alice"), "commit", "-q", "-m", "submodule")
    assert site.run() == 0, site.printed
    assert list((site.state / "current" / "x").iterdir()) == []


def test_objects_that_attack_git_are_not_taken(site: Site) -> None:
    text = '[submodule "x"]\n\tpath = x\n\turl = -ufoo\n\tupdate = !touch stolen\n'
    site.commit("good", **{".gitmodules": text})
    assert site.run() == 1
    assert site.outcome() == "unavailable"
    assert site.plays() == []


def test_what_is_played_is_what_was_verified(site: Site) -> None:
    """While the agent works, the ref moves on to a commit that is not signed."""
    good = site.commit("good")
    bad = site.commit("bad", None)
    site.git("update-ref", "refs/heads/main", good)
    # A git that moves the ref after each of its calls.
    wrapper = site.folder / "bin" / "git"
    wrapper.parent.mkdir()
    real = next(path for folder in os.environ["PATH"].split(":") if (path := Path(folder, "git")).exists())
    wrapper.write_text(
        f'#!/bin/sh\n{real} "$@"\nstatus=$?\n{real} -C {site.origin} update-ref refs/heads/main {bad}\nexit $status\n'
    )
    wrapper.chmod(0o755)
    assert site.run() == 0
    site.git("update-ref", "refs/heads/main", good)
    assert site.run(PATH=f"{wrapper.parent}:{os.environ['PATH']}") == 1
    assert set(site.plays()) == {"good"}
    assert site.current() == "good"
    assert json.loads((site.state / "state.json").read_text())["good"] == good
