# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module greenboot against a tree of files, with real shells: what it does, how often it asks, and that it ends."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot.converge import converge
from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot.layout import SIGNS, UNITS
from ansible_collections.evergreen.fleet.plugins.module_utils.greenboot.wanted import Wanted

from .build import params
from .tree import Tree

ZSH = {"name": "zsh", "order": 10, "content": "#!/bin/bash\ntest -x /usr/bin/zsh\n"}
EVERYTHING: dict[str, t.Any] = {
    "required_checks": [ZSH, {"name": "route", "content": "ip route show default | grep -q via"}],
    "wanted_checks": [{"name": "time", "content": "#!/bin/sh\nexit 0\n", "timeout": 0}],
    "green_scripts": [{"name": "tell", "content": "logger green"}],
    "red_scripts": [{"name": "tell", "content": "logger red", "mode": "0700"}],
    "max_boot_attempts": 4,
    "watchdog": {"enabled": True, "grace_period": 12},
    "disabled_checks": ["01_repository_dns_check.sh"],
}
VENDOR_CHECK = "/usr/lib/greenboot/check/required.d/01_repository_dns_check.sh"

pytestmark = pytest.mark.parametrize("generation", ["shell", "rust"])


def bring(node: Tree, wanted: dict[str, t.Any], *, check: bool = False) -> dict[str, t.Any]:
    return converge(node, Wanted.from_params(params(wanted)), check)


@pytest.fixture
def node(tmp_path: pathlib.Path, generation: str) -> Tree:
    tree = Tree(tmp_path, generation)
    tree.put(VENDOR_CHECK, "#!/bin/bash\n", 0o755)
    tree.put("/usr/libexec/greenboot/greenboot", "... DISABLED_HEALTHCHECKS ...")
    tree.put("/etc/greenboot/greenboot.conf", "# kept\nGREENBOOT_MAX_BOOT_ATTEMPTS=3\n")
    return tree


def test_everything_and_then_nothing_more(node: Tree, generation: str) -> None:
    result = bring(node, EVERYTHING)
    assert result["changed"]
    assert result["warnings"] == []
    assert result["generation"] == generation
    assert result["scripts"] == sorted(f"/etc/greenboot/{path}" for path in SCRIPTS)
    assert result["units"] == dict.fromkeys(UNITS[generation], "enabled")
    assert node.at("/etc/greenboot/greenboot.conf").read_text().startswith("# kept\nGREENBOOT_MAX_BOOT_ATTEMPTS=4\n")
    node.log.clear()
    node.trips = 0
    again = bring(node, EVERYTHING)
    assert not again["changed"]
    assert again["steps"] == []
    assert again["diff"]["before"] == again["diff"]["after"]
    assert node.log == []
    assert node.trips == 1


SCRIPTS = (
    "check/required.d/10_zsh.sh",
    "check/required.d/50_route.sh",
    "check/wanted.d/50_time.sh",
    "green.d/50_tell.sh",
    "red.d/50_tell.sh",
)


def test_check_mode_tells_the_steps_and_takes_none(node: Tree) -> None:
    told = bring(node, EVERYTHING, check=True)
    assert node.log == []
    # What is there is read once, and new scripts are looked at once, however many there are.
    assert node.trips == 2
    done = bring(node, EVERYTHING)
    assert (told["steps"], told["diff"], told["changed"]) == (done["steps"], done["diff"], True)


def test_what_is_not_ours_stays(node: Tree) -> None:
    strange = {"/etc/greenboot/check/required.d/50_other.sh": "#!/bin/bash\ntrue\n"}
    strange["/etc/greenboot/check/required.d/odd name.sh"] = "#!/bin/bash\n# another second line\n"
    strange["/etc/greenboot/check/required.d/empty.sh"] = ""
    strange["/etc/greenboot/check/required.d/program"] = "\x7fELF"
    for path, content in strange.items():
        node.put(path, content)
    bring(node, {"required_checks": [ZSH]})
    result = bring(node, {"required_checks": []})
    assert [step.get("remove") for step in result["steps"]] == ["/etc/greenboot/check/required.d/10_zsh.sh"]
    assert {path: node.at(path).read_text() for path in strange} == strange


def test_a_script_that_was_changed_by_hand(node: Tree) -> None:
    bring(node, {"required_checks": [ZSH]})
    path = "/etc/greenboot/check/required.d/10_zsh.sh"
    node.at(path).write_text(node.at(path).read_text() + "true\n")
    result = bring(node, {"required_checks": [ZSH]})
    assert [step["write"] for step in result["steps"]] == [path]
    assert "true\n" in result["diff"]["before"]["scripts"][path]["content"]
    assert not bring(node, {"required_checks": [ZSH]})["changed"]


@pytest.mark.parametrize("check", [False, True])
def test_a_broken_script_stops_everything(node: Tree, check: bool) -> None:
    broken = {"name": "broken", "content": "#!/bin/bash\n# two\nif true; then\n  echo\n"}
    with pytest.raises(FleetError) as refused:
        bring(node, {"required_checks": [ZSH, broken], "max_boot_attempts": 9}, check=check)
    assert "required_checks[1].content: bash on edge-1 does not understand" in refused.value.message
    # It counts the lines as the user does.
    assert "line 5" in refused.value.message
    assert refused.value.details["script"] == "50_broken.sh"
    assert node.log == []


def test_what_bash_says_is_told_in_full(node: Tree) -> None:
    with pytest.raises(FleetError, match=r"line 2: syntax error .*; .*line 2: `fi'"):
        bring(node, {"required_checks": [{"name": "a", "content": "#!/bin/sh\nfi\n"}]})


def test_an_interpreter_that_is_not_there(node: Tree) -> None:
    with pytest.raises(FleetError, match=r"red_scripts\[0\].content: edge-1 has no /opt/bin/bash"):
        bring(node, {"red_scripts": [{"name": "a", "content": "#!/opt/bin/bash\ntrue\n"}]})
    assert node.log == []


def test_interpreters_by_name_and_by_path(node: Tree) -> None:
    scripts = [
        {"name": f"s{index}", "content": f"#!{line}\ntrue\n"}
        for index, line in enumerate(
            ("/bin/sh", "/usr/bin/env bash", "/usr/bin/env -S LANG=C bash -e", "/bin/bash -eu")
        )
    ]
    assert len(bring(node, {"required_checks": scripts})["scripts"]) == len(scripts)


def test_scripts_of_any_size_and_content(node: Tree) -> None:
    content = "#!/bin/bash\n: 'ünïcödé \\0 %s $HOME'\n" + "# filler\n" * 40_000
    path = "/etc/greenboot/check/required.d/50_big.sh"
    bring(node, {"required_checks": [{"name": "big", "content": content}]})
    assert node.at(path).read_text(encoding="utf-8").endswith(content.partition("\n")[2])


def test_folders_that_are_missing(node: Tree) -> None:
    node.at("/etc/greenboot/red.d").rmdir()
    result = bring(node, {"red_scripts": [{"name": "tell", "content": "true"}]})
    assert result["steps"][0]["argv"] == ["mkdir", "-p", "-m", "0755", "--", "/etc/greenboot/red.d"]
    assert result["scripts"] == ["/etc/greenboot/red.d/50_tell.sh"]


def test_an_update_that_is_staged_already(node: Tree, generation: str) -> None:
    node.put("/run/ostree/staged-deployment", b"\0\1")
    counters = {"shell": "greenboot-grub2-set-counter.service", "rust": "greenboot-set-rollback-trigger.service"}
    assert bring(node, {})["steps"][-1]["argv"] == ["systemctl", "start", counters[generation]]
    assert bring(node, {})["steps"] == []


def test_a_trigger_that_acts_at_the_next_boot_is_not_started(node: Tree, generation: str) -> None:
    node.put("/run/ostree/staged-deployment", b"\0\1")
    node.put(SIGNS[generation], "[Service]\nExecStart=true\n")
    verbs = [step["argv"][1] for step in bring(node, {})["steps"]]
    assert verbs == {"shell": ["enable", "start"], "rust": ["enable"]}[generation]


def test_a_release_that_cannot_disable_checks(node: Tree, generation: str) -> None:
    node.put("/usr/libexec/greenboot/greenboot", "#!/bin/bash\n")
    if generation == "rust":
        # Its program is no text to look into, and all of its releases can.
        assert bring(node, {"disabled_checks": ["01_repository_dns_check.sh"]})["changed"]
        return
    with pytest.raises(FleetError, match=r"older than 0\.15\.5"):
        bring(node, {"disabled_checks": ["01_repository_dns_check.sh"]})


def test_a_check_to_disable_is_found_in_subfolders_and_of_the_vendor(node: Tree) -> None:
    node.put("/etc/greenboot/check/required.d/more/70_deep.sh", "#!/bin/bash\n")
    assert bring(node, {"disabled_checks": ["70_deep.sh", "01_repository_dns_check.sh"]})["warnings"] == []
    assert "there is no check 70_dep.sh" in bring(node, {"disabled_checks": ["70_dep.sh"]})["warnings"][0]


def test_a_node_that_does_not_keep_what_it_is_told(node: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "write", lambda *_what, **_more: None)
    with pytest.raises(FleetError, match="still not as wanted") as refused:
        bring(node, {"required_checks": [ZSH]})
    assert refused.value.details["steps_left"][0]["write"] == "/etc/greenboot/check/required.d/10_zsh.sh"


def test_a_node_whose_systemd_does_not_answer(node: Tree) -> None:
    node.systemd = False
    with pytest.raises(FleetError, match="edge-1 does not tell what its units are"):
        bring(node, EVERYTHING)
    assert node.log == []


def test_settings_in_another_encoding_stay_as_they_are(node: Tree) -> None:
    others = b'NAME="caf\xe9"\n'
    node.put("/etc/greenboot/greenboot.conf", others + b'GREENBOOT_MAX_BOOT_ATTEMPTS="\xe9"\n')
    result = bring(node, {"max_boot_attempts": 3})
    assert node.at("/etc/greenboot/greenboot.conf").read_bytes() == others + b"GREENBOOT_MAX_BOOT_ATTEMPTS=3\n"
    json.dumps(result, ensure_ascii=False).encode()


def test_a_node_without_greenboot(tmp_path: pathlib.Path, generation: str) -> None:
    bare = Tree(tmp_path / generation, None)
    with pytest.raises(FleetError, match="greenboot is not installed on edge-1; layer it"):
        bring(bare, EVERYTHING)
    told = bring(bare, {"required_checks": [ZSH]}, check=True)
    assert told["changed"]
    assert told["generation"] is None
    assert "not installed" in told["warnings"][0]
    assert bare.log == []
