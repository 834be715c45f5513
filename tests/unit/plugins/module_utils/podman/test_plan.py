# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a set and a state to steps."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.changes import compare
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.manifest import Manifest
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.place import place
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.plan import SetPlan, plan
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.state import State

from .fake import QUADLETS, UNITS, state, wanted

Texts = dict[str, str]

WEB = "[Container]\nImage=registry.example.com/web:1\n[Install]\nWantedBy=default.target\n"
LAZY = "[Container]\nImage=registry.example.com/web:1\n"
POD = LAZY + "Pod=app.pod\n"
DATA = "[Volume]\n"
LAN = "[Network]\nSubnet=10.89.9.0/24\n"
SOCKET = "[Socket]\nListenStream=8080\n[Install]\nWantedBy=sockets.target\n"
PROXY = "[Unit]\nRequires=web.service\n[Service]\nExecStart=/usr/lib/systemd/systemd-socket-proxyd 127.0.0.1:80\n"
NEW = "# new\n"


def path(name: str) -> str:
    plain = name.endswith((".socket", ".service", ".timer"))
    return f"{UNITS if plain else QUADLETS}/{name}"


def manifest(*names: str, units: t.Iterable[str] = (), **more: t.Any) -> Manifest:
    return Manifest(files=tuple(path(name) for name in names), units=tuple(units), **more)


@dataclass
class Case:
    """``had`` are the files of the set on the node, by name; ``up`` what systemd says of units."""

    title: str
    units: Texts
    steps: list[str]
    had: Texts = field(default_factory=dict)
    up: Texts = field(default_factory=dict)
    states: Texts = field(default_factory=dict)
    node: dict[str, t.Any] = field(default_factory=dict)
    more: dict[str, t.Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    restarted: tuple[str, ...] = ()
    started: tuple[str, ...] = ()
    warning: str = ""


CASES = [
    Case("an empty set that never was", {}, [], node={"linger": False, "manager": False}),
    Case(
        "the first run, for a user that never logged in",
        {"web.container": WEB, "data.volume": DATA},
        [
            "loginctl enable-linger core",
            "systemctl start user@1000.service",
            "podman pull --quiet registry.example.com/web:1",
            "write .web.evergreen web.container data.volume",
            "systemctl --user daemon-reload",
            "systemctl --user start web.service",
        ],
        node={"linger": False, "manager": False},
        missing=("registry.example.com/web:1",),
        started=("web.service",),
    ),
    Case("as wanted", {"web.container": WEB}, [], had={"web.container": WEB}, up={"web.service": "active"}),
    Case(
        "started again when it fell over, and its tries are forgotten",
        {"web.container": WEB},
        ["systemctl --user reset-failed web.service", "systemctl --user start web.service"],
        had={"web.container": WEB},
        up={"web.service": "failed"},
        started=("web.service",),
    ),
    Case("left down where nothing says it is to run", {"web.container": LAZY}, [], had={"web.container": LAZY}),
    Case(
        "stopped on request",
        {"web.container": WEB},
        ["systemctl --user stop web.service"],
        had={"web.container": WEB},
        up={"web.service": "active"},
        states={"web.container": "stopped"},
    ),
    Case(
        "only what changed is restarted",
        {"web.container": NEW + WEB, "other.container": WEB},
        [
            "write .web.evergreen web.container",
            "systemctl --user daemon-reload",
            "systemctl --user restart web.service",
            "write .web.evergreen",
        ],
        had={"web.container": WEB, "other.container": WEB},
        up={"web.service": "active", "other.service": "active"},
        restarted=("web.service",),
    ),
    Case(
        "and what goes down with it, however far",
        {
            "web.container": NEW + LAZY,
            "proxy.service": PROXY,
            "last.service": "[Unit]\nPartOf=proxy.service\n[Service]\n",
        },
        [
            "write .web.evergreen web.container",
            "systemctl --user daemon-reload",
            "systemctl --user restart last.service proxy.service web.service",
            "write .web.evergreen",
        ],
        had={
            "web.container": LAZY,
            "proxy.service": PROXY,
            "last.service": "[Unit]\nPartOf=proxy.service\n[Service]\n",
        },
        up={"web.service": "active", "proxy.service": "active", "last.service": "active"},
        restarted=("last.service", "proxy.service", "web.service"),
    ),
    Case(
        "what does not run gets its new definition and stays down",
        {"web.container": NEW + LAZY},
        ["write .web.evergreen web.container", "systemctl --user daemon-reload"],
        had={"web.container": LAZY},
        node={"manifest": None},
    ),
    Case(
        "a changed network is made anew, while nothing is in it",
        {"lan.network": NEW + LAN, "web.container": "[Container]\nImage=x\nNetwork=lan.network\n"},
        [
            "write .web.evergreen lan.network",
            "systemctl --user daemon-reload",
            "systemctl --user stop lan-network.service web.service",
            "podman network rm systemd-lan",
            "systemctl --user start lan-network.service web.service",
            "write .web.evergreen",
        ],
        had={"lan.network": LAN, "web.container": "[Container]\nImage=x\nNetwork=lan.network\n"},
        up={"lan-network.service": "active", "web.service": "active"},
        restarted=("lan-network.service", "web.service"),
    ),
    Case(
        "also one that nothing uses at the moment",
        {"lan.network": NEW + LAN},
        ["write .web.evergreen lan.network", "systemctl --user daemon-reload", "podman network rm systemd-lan"],
        had={"lan.network": LAN},
        node={"manifest": None},
    ),
    Case(
        "what had failed leaves no trace",
        {},
        [
            "write .web.evergreen - web.container",
            "systemctl --user daemon-reload",
            "systemctl --user reset-failed web.service",
            "write - .web.evergreen",
        ],
        had={"web.container": WEB},
        up={"web.service": "failed"},
        node={"manifest": manifest("web.container", units=("web.service",))},
    ),
    Case(
        "a file that somebody has spoilt is removed too",
        {},
        ["write .web.evergreen - lan.network", "systemctl --user daemon-reload", "write - .web.evergreen"],
        had={"lan.network": "hm"},
        node={"manifest": manifest("lan.network")},
    ),
    Case(
        "a pod goes down with its last container, and is restarted with it",
        {"app.pod": "[Pod]\n", "a.container": NEW + POD, "b.container": POD},
        [
            "write .web.evergreen a.container",
            "systemctl --user daemon-reload",
            "systemctl --user restart a.service app-pod.service",
            "write .web.evergreen",
        ],
        had={"app.pod": "[Pod]\n", "a.container": POD, "b.container": POD},
        up={"app-pod.service": "active", "a.service": "active", "b.service": "inactive"},
        restarted=("a.service", "app-pod.service"),
    ),
    Case(
        "and stays up with another one",
        {"app.pod": "[Pod]\n", "a.container": NEW + POD, "b.container": POD},
        [
            "write .web.evergreen a.container",
            "systemctl --user daemon-reload",
            "systemctl --user restart a.service",
            "write .web.evergreen",
        ],
        had={"app.pod": "[Pod]\n", "a.container": POD, "b.container": POD},
        up={"app-pod.service": "active", "a.service": "active", "b.service": "active"},
        restarted=("a.service",),
    ),
    Case(
        "a changed volume cannot change the one that is there",
        {"data.volume": NEW + DATA},
        [
            "write .web.evergreen data.volume",
            "systemctl --user daemon-reload",
            "systemctl --user restart data-volume.service",
            "write .web.evergreen",
        ],
        had={"data.volume": DATA},
        up={"data-volume.service": "active"},
        restarted=("data-volume.service",),
        warning="data.volume changed, but podman leaves",
    ),
    Case(
        "a socket cannot start while the service it has started runs",
        {"proxy.socket": NEW + SOCKET, "proxy.service": PROXY, "web.container": LAZY},
        [
            "write .web.evergreen proxy.socket",
            "systemctl --user daemon-reload",
            "systemctl --user reenable proxy.socket",
            "systemctl --user stop proxy.socket proxy.service",
            "systemctl --user start proxy.socket",
            "write .web.evergreen",
        ],
        had={"proxy.socket": SOCKET, "proxy.service": PROXY, "web.container": LAZY},
        up={"proxy.socket": "active enabled", "proxy.service": "active", "web.service": "active"},
        restarted=("proxy.socket",),
    ),
    Case(
        "what is not listed any more is stopped, disabled and removed",
        {"web.container": WEB},
        [
            "systemctl --user stop proxy.socket lan-network.service",
            "systemctl --user disable proxy.socket",
            "podman network rm systemd-lan",
            "write .web.evergreen - proxy.socket lan.network",
            "systemctl --user daemon-reload",
            "systemctl --user reset-failed proxy.socket lan-network.service",
            "write .web.evergreen",
        ],
        had={"web.container": WEB, "proxy.socket": SOCKET, "lan.network": LAN},
        up={"web.service": "active", "proxy.socket": "active enabled", "lan-network.service": "active"},
        node={
            "manifest": manifest(
                *("web.container", "proxy.socket", "lan.network"),
                units=("web.service", "proxy.socket", "lan-network.service"),
            )
        },
    ),
    Case(
        "an empty list removes the set",
        {},
        [
            "systemctl --user stop web.service",
            "write .web.evergreen - web.container",
            "systemctl --user daemon-reload",
            "systemctl --user reset-failed web.service",
            "write - .web.evergreen",
        ],
        had={"web.container": WEB},
        up={"web.service": "active"},
        node={"manifest": manifest("web.container", units=("web.service",))},
    ),
    Case(
        "a run that was cut short is taken up",
        {"web.container": WEB},
        ["systemctl --user restart web.service", "write .web.evergreen"],
        had={"web.container": WEB},
        up={"web.service": "active"},
        node={"manifest": manifest("web.container", units=("web.service",), restarts=("web.service",))},
        restarted=("web.service",),
    ),
    Case(
        "somebody has changed a file and not told systemd",
        {"web.container": WEB},
        ["systemctl --user daemon-reload"],
        had={"web.container": WEB},
        up={"web.service": "active reload"},
    ),
    Case(
        "a job that is over is done",
        {"job.container": WEB},
        [],
        had={"job.container": WEB},
        up={"job.service": "inactive oneshot ended"},
    ),
    Case(
        "a job that changed is done again",
        {"job.container": NEW + WEB},
        [
            "write .web.evergreen job.container",
            "systemctl --user daemon-reload",
            "systemctl --user start job.service",
        ],
        had={"job.container": WEB},
        up={"job.service": "inactive oneshot ended"},
        started=("job.service",),
    ),
    Case(
        "the default instance of a template is started, and all that run are restarted",
        {"t@.container": NEW + LAZY + "[Install]\nDefaultInstance=a\n"},
        [
            "write .web.evergreen t@.container",
            "systemctl --user daemon-reload",
            "systemctl --user restart t@b.service",
            "systemctl --user start t@a.service",
            "write .web.evergreen",
        ],
        had={"t@.container": LAZY},
        up={"t@b.service": "active", "t@a.service": "inactive"},
        restarted=("t@b.service",),
        started=("t@a.service",),
    ),
    Case(
        "a secret with another value restarts what uses it",
        {"web.container": LAZY + "Secret=db\n", "other.container": LAZY},
        [
            "podman secret create --replace --label evergreen.fleet.digest db -",
            "write .web.evergreen",
            "systemctl --user restart web.service",
            "write .web.evergreen",
        ],
        had={"web.container": LAZY + "Secret=db\n", "other.container": LAZY},
        up={"web.service": "active", "other.service": "active"},
        node={"secrets": {"db": "salt:other"}},
        more={"secrets": [{"name": "db", "value": "x"}]},
        restarted=("web.service",),
    ),
    Case(
        "an old podman cannot replace a secret, and a stale one goes when nothing uses it any more",
        {},
        [
            "podman secret rm db",
            "podman secret create --label evergreen.fleet.digest db -",
            "write .web.evergreen",
            "podman secret rm old",
            "write .web.evergreen",
        ],
        node={"podman": (4, 6), "secrets": {"db": "", "old": ""}, "manifest": Manifest(secrets=("old", "db"))},
        more={"secrets": [{"name": "db", "value": "x"}]},
    ),
    Case(
        "a mounted file restarts what mounts it",
        {"web.container": LAZY + "Volume=%h/www:/www\n", "other.container": LAZY},
        ["write .web.evergreen %h/www/index.html", "systemctl --user restart web.service", "write .web.evergreen"],
        had={"web.container": LAZY + "Volume=%h/www:/www\n", "other.container": LAZY},
        up={"web.service": "active", "other.service": "active"},
        more={"files": [{"path": "%h/www/index.html", "content": "x", "mode": "0644"}]},
        restarted=("web.service",),
    ),
    Case(
        "a drop-in restarts its unit, in the set or outside",
        {"web.container": LAZY},
        [
            "write .web.evergreen web.container.d/a.conf their.timer.d/b.conf",
            "systemctl --user daemon-reload",
            "systemctl --user restart their.timer web.service",
            "write .web.evergreen",
        ],
        had={"web.container": LAZY},
        up={"web.service": "active", "their.timer": "active"},
        more={
            "drop_ins": [
                {"unit": "web.container", "name": "a.conf", "content": "[Container]\nUser=1\n"},
                {"unit": "their.timer", "name": "b.conf", "content": "[Timer]\nOnCalendar=hourly\n"},
            ]
        },
        restarted=("their.timer", "web.service"),
    ),
    Case(
        "on podman without Quadlet the same is a plain unit",
        {"web.container": WEB},
        [
            "write .web.evergreen web.service",
            "systemctl --user daemon-reload",
            "systemctl --user reenable web.service",
            "systemctl --user start web.service",
        ],
        node={"podman": (4, 3)},
        started=("web.service",),
    ),
    Case(
        "and a Quadlet file when the node has a newer podman",
        {"web.container": WEB},
        [
            "systemctl --user disable web.service",
            "write .web.evergreen web.container - web.service",
            "systemctl --user daemon-reload",
            "systemctl --user restart web.service",
            "write .web.evergreen",
        ],
        had={"web.service": "[Service]\n"},
        up={"web.service": "active enabled"},
        node={"manifest": manifest("web.service", units=("web.service",))},
        restarted=("web.service",),
    ),
    Case(
        "an image that may not be pulled is left alone",
        {
            "web.container": LAZY + "Pull=never\n",
            "base.image": "[Image]\nImage=x/y\nCreds=a:b\n",
            "i.image": "[Image]\nImage=x/z\nTLSVerify=false\n",
        },
        [
            "podman pull --quiet --tls-verify=false x/z",
            "write .web.evergreen web.container base.image i.image",
            "systemctl --user daemon-reload",
        ],
        missing=("registry.example.com/web:1", "x/y", "x/z"),
    ),
]


def on_node(case: Case) -> State:
    """The manifest is the one that the last run left, unless the case has another."""
    facts = dict(case.node)
    if "manifest" not in facts and case.had:
        last = wanted(case.units, **case.more)
        facts["manifest"] = Manifest(
            files=tuple(each.path for each in place(last, (5, 4))),
            units=tuple(unit.pattern for unit in last.units),
            secrets=tuple(each.name for each in last.secrets),
        )
    return state(files={path(name): text for name, text in case.had.items()}, units=case.up, **facts)


def planned(case: Case) -> SetPlan:
    found, node = wanted(case.units, states=case.states, **case.more), on_node(case)
    targets = place(found, node.podman)
    return plan(found, targets, node, compare(found, targets, node), case.missing)


def short(step: dict[str, t.Any]) -> str:
    if "argv" in step:
        return " ".join(step["argv"])
    removed = ["-", *step["remove"]] if step["remove"] else []
    words = ["write", *step["write"], *removed]
    return " ".join(word.replace(f"{QUADLETS}/", "").replace(f"{UNITS}/", "") for word in words)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_steps(case: Case) -> None:
    found = planned(case)
    reports = [step.report() for step in found.plan.steps]
    assert [short(report) for report in reports] == case.steps
    assert all(report["reason"] for report in reports)
    assert found.restarted == case.restarted
    assert found.started == case.started
    assert case.warning in " ".join(found.warnings)
    assert bool(found.warnings) is bool(case.warning)
    if not case.steps:
        assert found.plan.before == found.plan.after == {}


def test_the_difference_shows_files_and_no_secrets() -> None:
    found = wanted(
        {"web.container": LAZY},
        files=[
            {"path": "%h/open.conf", "content": "a line\n", "mode": "0644"},
            {"path": "%h/private.conf", "content": "password\n", "mode": "0600"},
        ],
        secrets=[{"name": "db", "value": "hunter2"}],
    )
    node = state(files={path("web.container"): "[Container]\n"}, secrets={"db": ""})
    targets = place(found, node.podman)
    made = plan(found, targets, node, compare(found, targets, node)).plan
    home = "/home/core/.config/containers/systemd"
    assert made.before == {
        f"{home}/web.container": {"mode": "0644", "content": ["[Container]"]},
        "secrets": {"db": "another value"},
    }
    assert made.after[f"{home}/web.container"]["content"] == LAZY.splitlines()
    assert made.after["/home/core/open.conf"] == {"mode": "0644", "content": ["a line"]}
    shown = repr((made.before, made.after, [step.report() for step in made.steps], made.steps))
    assert "hunter2" not in shown
    assert "password" not in repr(made.after)
