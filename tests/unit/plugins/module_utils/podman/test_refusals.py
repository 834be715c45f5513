# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused, by one sentence that names what is wrong."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.manifest import Manifest
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.place import place
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.refusals import (
    linked,
    refuse_impossible,
    refuse_on_node,
)
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.state import State

from .fake import HOME, QUADLETS, state, wanted

IMAGE = "Image=registry.example.com/web:1"


@pytest.mark.parametrize(
    ("units", "sentence"),
    [
        ({"web.containr": ""}, "web.containr' is of no type that podman or systemd knows"),
        ({"web": ""}, "'web' is of no type"),
        ({".container": ""}, "'.container' is no name of a unit"),
        ({"../x.container": ""}, "'../x.container' is no name of a unit"),
        ({"x.container": "[Container\nImage=x"}, "x.container: line 1: '[Container' is no section"),
        (
            {"a.container": f"[Container]\n{IMAGE}", "a.service": "[Service]\nExecStart=/bin/true"},
            "a.service is there twice",
        ),
    ],
)
def test_no_set(units: dict[str, str], sentence: str) -> None:
    with pytest.raises(FleetError) as refused:
        wanted(units)
    assert sentence in refused.value.message


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"user": "no such"}, "user: 'no such' is not the name of a user"),
        ({"files": [{"path": "../x", "content": "", "mode": "0644"}]}, "files: '../x' is no path"),
        ({"files": [{"path": "/x", "content": "", "mode": "rw"}]}, "files: mode: 'rw' is not an octal number"),
        ({"files": [{"path": "~/x", "content": "", "mode": "0644"}]}, "files: '~/x' is no path"),
        (
            {"drop_ins": [{"unit": "x.container", "name": "x", "content": ""}]},
            "drop_ins: name: 'x' is not a file name that",
        ),
        ({"drop_ins": [{"unit": "x.container", "name": "x.conf", "content": "hm"}]}, "x.container.d/x.conf: line 1"),
        ({"secrets": [{"name": "db", "value": ""}]}, "secrets: db has no value"),
        ({"secrets": [{"name": "a/b", "value": "x"}]}, "secrets: name: 'a/b'"),
        ({"secrets": [{"name": "a", "value": "x"}] * 2}, "secrets: a is there twice"),
    ],
)
def test_no_set_either(more: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(FleetError) as refused:
        wanted({}, **more)
    assert sentence in refused.value.message


def test_a_template_that_nothing_names_cannot_be_started() -> None:
    with pytest.raises(FleetError, match=r"t@\.container is a template"):
        wanted({"t@.container": f"[Container]\n{IMAGE}"}, states={"t@.container": "started"})


@pytest.mark.parametrize(
    ("units", "sentence"),
    [
        (
            {"a.container": f"[Container]\n{IMAGE}\nPublishPort=8080:80", "b.socket": "[Socket]\nListenStream=8080"},
            "a.container and b.socket both listen on 8080/tcp",
        ),
        (
            {"a.container": "[Container]\nImage=web\nAutoUpdate=registry"},
            "AutoUpdate=registry needs the image with its registry",
        ),
        ({"a.container": "[Container]\nImage=team/web:1\nAutoUpdate=registry"}, "registry.example.com/team/web:1"),
        ({"a.container": f"[Container]\n{IMAGE}\nAutoUpdate=weekly"}, "AutoUpdate=weekly is no policy"),
        ({"a.container": f"[Containers]\n{IMAGE}"}, "a.container has no section [Container]"),
        ({"a.container": f"[Container]\n{IMAGE}\n[Pod]\nPodName=x"}, "nothing reads [Pod] there"),
        (
            {"a.container": f"[Container]\n{IMAGE}\n[Install]\nWantedBy=multi-user.target"},
            "the systemd of a user has no multi-user.target",
        ),
    ],
)
def test_impossible_anywhere(units: dict[str, str], sentence: str) -> None:
    with pytest.raises(FleetError) as refused:
        refuse_impossible(wanted(units))
    assert sentence in refused.value.message


@pytest.mark.parametrize(
    "text",
    [
        "[Container]\nImage=localhost/web\nAutoUpdate=registry",
        "[Container]\nImage=docker://registry.example.com/web\nAutoUpdate=registry",
        "[Container]\nImage=registry:5000/web\nAutoUpdate=registry",
        "[Container]\nImage=web\nAutoUpdate=local",
        "[Container]\nImage=base.image\n[X-Mine]\nA=1\n[Install]\nWantedBy=multi-user.target default.target",
    ],
)
def test_possible(text: str) -> None:
    refuse_impossible(wanted({"a.container": text}))


def check(units: dict[str, str], node: State, **more: t.Any) -> None:
    found = wanted(units, **more)
    refuse_on_node(found, place(found, node.podman), node)


MEMORY = {"a.container": f"[Container]\n{IMAGE}\nMemory=1g"}


@pytest.mark.parametrize(
    ("units", "podman", "sentence"),
    [
        (MEMORY, (5, 4), "podman knows Memory= in [Container] from 5.5 on, and the node has 5.4.0"),
        (
            {"a.container": f"[Container]\n{IMAGE}\nNotify=healthy"},
            (4, 9),
            "podman knows Notify=healthy from 5.0 on, and the node has 4.9.0",
        ),
        ({"a.pod": "[Pod]"}, (4, 9), "podman knows .pod files from 5.0 on, and the node has 4.9.0"),
        (
            {"a.container": "[Container]\nImmage=x"},
            (5, 4),
            "no podman knows Immage= in [Container]; did you mean Image=?",
        ),
        (
            {"a.container": f"[Container]\n{IMAGE}\n[Quadlet]\nDefaultDependencies=no"},
            (5, 2),
            "DefaultDependencies= in [Quadlet] from 5.3",
        ),
        (
            {"a.container": f"[Container]\n{IMAGE}\nVolume=gone.volume:/x"},
            (5, 4),
            "a.container refers to gone.volume, and no unit defines it",
        ),
        ({"a.container": f"[Container]\n{IMAGE}\nNetwork=gone.network"}, (5, 0), "refers to gone.network"),
        ({"a.container": f"[Container]\n{IMAGE}\nSecret=db"}, (5, 4), "needs the secret db, which core does not have"),
        ({"a.container": f"[Container]\n{IMAGE}"}, None, "the node has no podman that a.container could run with"),
    ],
)
def test_impossible_on_this_node(units: dict[str, str], podman: tuple[int, int] | None, sentence: str) -> None:
    with pytest.raises(FleetError) as refused:
        check(units, state(podman=podman))
    assert sentence in refused.value.message


def test_what_a_newer_podman_than_the_table_knows_is_left_to_its_generator() -> None:
    check({"a.container": f"[Container]\n{IMAGE}\nBrandNew=1"}, state(podman=(5, 9)))


def test_drop_ins_of_quadlet_need_a_podman_that_reads_them() -> None:
    drop_in = [{"unit": "a.container", "name": "x.conf", "content": "[Container]\nUser=1"}]
    units = {"a.container": f"[Container]\n{IMAGE}"}
    check(units, state(podman=(5, 0)), drop_ins=drop_in)
    with pytest.raises(FleetError, match=r"from 5\.0 on, and the node has 4\.9\.0"):
        check(units, state(podman=(4, 9)), drop_ins=drop_in)


def test_what_others_define() -> None:
    """A network of another set counts, one that this set gives up does not."""
    units = {"a.container": f"[Container]\n{IMAGE}\nNetwork=lan.network"}
    path = f"{HOME}/.config/containers/systemd/lan.network"
    theirs = state(quadlets={"lan.network": path})
    check(units, theirs)
    assert linked(wanted(units), theirs) == (path,)
    with pytest.raises(FleetError, match=r"refers to lan\.network"):
        check(units, state(quadlets={"lan.network": path}, manifest=Manifest(files=(f"{QUADLETS}/lan.network",))))


def test_secrets_count_that_are_there_or_given_but_not_those_on_their_way_out() -> None:
    units = {"a.container": f"[Container]\n{IMAGE}\nSecret=db"}
    check(units, state(secrets={"db": ""}))
    check(units, state(), secrets=[{"name": "db", "value": "x"}])
    with pytest.raises(FleetError, match="needs the secret db"):
        check(units, state(secrets={"db": ""}, manifest=Manifest(secrets=("db",))))


@pytest.mark.parametrize(
    "other", [Manifest(files=(f"{QUADLETS}/a.container",)), Manifest(secrets=("db",))], ids=["file", "secret"]
)
def test_what_belongs_to_another_set(other: Manifest) -> None:
    with pytest.raises(FleetError, match="belongs to the set shop of core"):
        check(
            {"a.container": f"[Container]\n{IMAGE}"},
            state(others={"shop": other}, secrets={"db": ""}),
            secrets=[{"name": "db", "value": "x"}],
        )
