# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From workloads to units: every option, every refusal, and that the module quadlet takes what comes out."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.keys import first_version
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.place import place
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.refusals import refuse_impossible
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.wanted import Wanted
from ansible_collections.evergreen.fleet.plugins.plugin_utils.workloads.sets import workload_sets

IMAGE = "registry.example.com/web:prod"
WEB = {"name": "web", "image": IMAGE}


def made(*workloads: dict[str, t.Any], **options: t.Any) -> dict[str, dict[str, t.Any]]:
    return workload_sets(workloads, **{"user": "core", "name": "workloads", **options})


def wanted(owner: str, made_set: dict[str, t.Any]) -> Wanted:
    """The set as the module takes it."""
    units = [{"state": None, **unit} for unit in made_set["units"]]
    return Wanted.from_params(
        {
            "name": "workloads",
            "user": owner,
            "units": units,
            **{key: made_set[key] for key in ("drop_ins", "files", "secrets")},
        }
    )


def lines(
    *workloads: dict[str, t.Any], unit: str = "web.container", owner: str = "core", **options: t.Any
) -> list[str]:
    """The lines of a unit, after the module has found nothing to refuse and podman knows every key."""
    found = wanted(owner, made(*workloads, **options)[owner])
    refuse_impossible(found)
    for each in found.units:
        for entry in each.file.entries:
            if each.quadlet and entry.section == each.group:
                assert first_version(entry.section, entry.key), entry.key
    (content,) = [each.content for each in found.units if each.name == unit]
    return content.splitlines()


def test_the_shortest() -> None:
    assert lines(WEB) == [
        "[Unit]",
        "Description=web",
        "StartLimitIntervalSec=0",
        "",
        "[Container]",
        "ContainerName=web",
        f"Image={IMAGE}",
        "",
        "[Service]",
        "Restart=on-failure",
        "RestartSec=2",
        "TimeoutStartSec=90",
        "SuccessExitStatus=143",
        "",
        "[Install]",
        "WantedBy=default.target",
    ]


OPTIONS: list[tuple[dict[str, t.Any], list[str]]] = [
    ({"ports": ["8080:80", "127.0.0.1:53:53/udp", 9000]}, ["PublishPort=8080:80", "PublishPort=127.0.0.1:53:53/udp"]),
    ({"ports": [9000]}, ["PublishPort=9000"]),
    ({"ports": ["8000-8002:80-82"]}, ["PublishPort=8000-8002:80-82"]),
    ({"ports": ["[::1]:8080:80"]}, ["PublishPort=[::1]:8080:80"]),
    (
        {"volumes": ["data:/srv:U", "/srv/x:/x:ro", "/cache", "%h/y:/y"]},
        ["Volume=data.volume:/srv:U", "Volume=%h/y:/y"],
    ),
    ({"volumes": ["/cache"]}, ["Volume=/cache"]),
    ({"networks": ["shop:ip=10.1.1.2"]}, ["Network=shop.network:ip=10.1.1.2"]),
    ({"networks": ["host"]}, ["Network=host"]),
    ({"networks": ["pasta:--ipv4-only"]}, ["Network=pasta:--ipv4-only"]),
    ({"environment": {"A": "b", "N": 5, "T": True}}, ["Environment=A=b", "Environment=N=5", "Environment=T=true"]),
    ({"environment": {"A": 'two "words" 5% of $HOME \\'}}, ['Environment="A=two \\"words\\" 5%% of $$HOME \\\\"']),
    ({"environment": {"A": ""}}, ["Environment=A="]),
    ({"secrets": ["db", "key,type=env,target=KEY"]}, ["Secret=db", "Secret=key,type=env,target=KEY"]),
    ({"command": ["sh", "-c", "echo $X"]}, ['Exec=sh -c "echo $$X"']),
    ({"command": "httpd -p '8 0'"}, ['Exec=httpd -p "8 0"']),
    ({"auto_update": True}, ["AutoUpdate=registry"]),
    ({"auto_update": "local"}, ["AutoUpdate=local"]),
    ({"restart": "always"}, ["Restart=always", "StartLimitIntervalSec=0", "RestartSec=2"]),
    ({"start_timeout": 300}, ["TimeoutStartSec=300"]),
    ({"ready": "notified"}, ["Notify=true"]),
    ({"user": "root"}, ["WantedBy=multi-user.target"]),
    ({"extra": {"Container": {"Memory": "64m", "Label": ["a=1", "b=2"]}}}, ["Memory=64m", "Label=a=1", "Label=b=2"]),
    ({"extra": {"Service": {"RestartSec": 9}}}, ["RestartSec=2", "RestartSec=9"]),
    ({"extra": {"Quadlet": {"DefaultDependencies": False}}}, ["[Quadlet]", "DefaultDependencies=false"]),
    ({"image": IMAGE, "command": None, "ports": None}, [f"Image={IMAGE}"]),
]


@pytest.mark.parametrize(("options", "expected"), OPTIONS)
def test_options(options: dict[str, t.Any], expected: list[str]) -> None:
    assert set(expected) <= set(lines({**WEB, **options}, owner=options.get("user", "core")))


@pytest.mark.parametrize("restart", ["no", False])
def test_no_restart(restart: object) -> None:
    found = lines({**WEB, "restart": restart})
    assert "Restart=no" in found
    assert not any(line.startswith(("RestartSec", "StartLimit")) for line in found)


def test_health() -> None:
    found = lines({**WEB, "health": "test \"$(cat /up)\" = '100%'", "start_timeout": 60})
    assert "HealthCmd=test \"$$(cat /up)\" = '100%%'" in found
    assert "HealthOnFailure=kill" in found
    # It is asked again and again while it starts, which must not count as failures.
    assert "HealthStartPeriod=60s" in found
    (wait,) = [line for line in found if line.startswith("ExecStartPost=")]
    assert "podman healthcheck run web " in wait
    assert "case $$? in" in wait


def test_listening() -> None:
    (wait,) = [
        line
        for line in lines({**WEB, "ports": ["8080:80", "5353:53/udp", "9000:9000"], "ready": "listening"})
        if line.startswith("ExecStartPost=")
    ]
    assert "for port in 0050 2328;" in wait
    assert '--format "{{.State.Pid}}" web)' in wait


def test_files() -> None:
    conf = {"target": "/etc/web.conf", "content": "a\n", "mode": "0600"}
    assert made({**WEB, "files": [conf]})["core"]["files"] == [
        {"path": "%h/.config/workloads/web/etc/web.conf", "content": "a\n", "mode": "0600"}
    ]
    assert "Volume=%h/.config/workloads/web/etc/web.conf:/etc/web.conf:ro,Z" in lines({**WEB, "files": [conf]})
    root = lines({**WEB, "user": "root", "files": [conf]}, owner="root")
    assert "Volume=/etc/workloads/web/etc/web.conf:/etc/web.conf:ro,Z" in root


def test_stopped() -> None:
    found = made({**WEB, "state": "stopped"})["core"]["units"]
    assert [unit["state"] for unit in found] == ["stopped"]
    assert "[Install]" not in found[0]["content"]


ON_DEMAND = {**WEB, "ports": ["8080:80"], "on_demand": True}


def test_on_demand() -> None:
    found = made(ON_DEMAND)["core"]
    assert [unit["name"] for unit in found["units"]] == ["web-8080.socket", "web-8080.service", "web.container"]
    assert found["drop_ins"] == []
    assert lines(ON_DEMAND, unit="web-8080.socket") == [
        "[Unit]",
        "Description=The port 8080 of web",
        "",
        "[Socket]",
        "ListenStream=8080",
        "",
        "[Install]",
        "WantedBy=sockets.target",
    ]
    assert lines({**ON_DEMAND, "idle_timeout": "90s"}, unit="web-8080.service") == [
        "[Unit]",
        "Description=Requests to the port 8080 of web",
        "BindsTo=web.service",
        "After=web.service",
        "",
        "[Service]",
        "Type=notify",
        "ExecStart=/usr/lib/systemd/systemd-socket-proxyd --exit-idle-time=90s 127.0.0.1:18080",
    ]
    container = lines(ON_DEMAND)
    assert "StopWhenUnneeded=true" in container
    assert "PublishPort=127.0.0.1:18080:80" in container
    assert "[Install]" not in container
    # podman kills what does not heed SIGTERM when it is idle. That is no failure, and a crash is still one.
    assert {"SuccessExitStatus=137 143", "RestartForceExitStatus=137"} <= set(container)
    assert not any(line.startswith("RestartForce") for line in lines({**ON_DEMAND, "restart": "no"}))
    assert any(line.startswith("ExecStartPost=") and "/proc/" in line for line in container)


def test_on_demand_of_several_ports() -> None:
    both = {**ON_DEMAND, "ports": ["8080:80", "127.0.0.1:8443:443"], "backend_offset": 1000}
    assert "ListenStream=127.0.0.1:8443" in lines(both, unit="web-8443.socket")
    assert any("127.0.0.1:9443" in line for line in lines(both, unit="web-8443.service"))
    assert {"PublishPort=127.0.0.1:9080:80", "PublishPort=127.0.0.1:9443:443"} <= set(lines(both))


def test_on_demand_and_healthy() -> None:
    waits = [line for line in lines({**ON_DEMAND, "health": "true"}) if line.startswith("ExecStartPost=")]
    assert len(waits) == 1
    assert "healthcheck" in waits[0]


def test_on_demand_is_woken_for_its_update() -> None:
    asleep = {**ON_DEMAND, "auto_update": True}
    assert made(asleep)["core"]["drop_ins"] == [
        {
            "unit": "podman-auto-update.service",
            "name": "50-workloads.conf",
            "content": "[Unit]\nWants=web.service\nAfter=web.service\n",
        }
    ]
    assert made({**asleep, "state": "stopped"})["core"]["drop_ins"] == []
    assert [unit.get("state") for unit in made({**asleep, "state": "stopped"})["core"]["units"]] == [
        "stopped",
        "stopped",
        "stopped",
    ]


POD = {
    "name": "shop",
    "ports": ["8080:80"],
    "volumes": ["data:/srv"],
    "networks": ["shop"],
    "auto_update": True,
    "containers": [
        {"name": "api", "image": IMAGE, "health": "true"},
        {"name": "cache", "image": IMAGE, "auto_update": False, "restart": "always"},
    ],
}
OBJECTS: dict[str, t.Any] = {"volumes": [{"name": "data"}], "networks": [{"name": "shop"}]}


def test_pod() -> None:
    assert lines(POD, unit="shop.pod", **OBJECTS) == [
        "[Unit]",
        "Description=shop",
        "StartLimitIntervalSec=0",
        "",
        "[Pod]",
        "PodName=shop",
        "PublishPort=8080:80",
        "Network=shop.network",
        "Volume=data.volume:/srv",
        "",
        "[Service]",
        "Restart=on-failure",
        "TimeoutStartSec=90",
        "",
        "[Install]",
        "WantedBy=default.target",
    ]
    api, cache = (lines(POD, unit=f"shop-{name}.container", **OBJECTS) for name in ("api", "cache"))
    assert {"Pod=shop.pod", "ContainerName=shop-api", "AutoUpdate=registry", "Restart=on-failure"} <= set(api)
    assert {"Pod=shop.pod", "ContainerName=shop-cache", "Restart=always"} <= set(cache)
    assert "AutoUpdate=registry" not in cache
    # The pod starts them.
    assert "[Install]" not in api
    assert made(POD, **OBJECTS)["core"]["auto_update"] is True


KUBE = {"name": "shop", "kube": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: shop\n", "auto_update": True}


def test_kube() -> None:
    found = made(KUBE)["core"]
    assert found["files"] == [{"path": "shop.yml", "content": KUBE["kube"], "mode": "0600"}]
    assert found["auto_update"] is True
    text = lines({**KUBE, "ports": ["8080:80"]}, unit="shop.kube")
    assert {"Yaml=shop.yml", "PublishPort=8080:80", "AutoUpdate=registry", "WantedBy=default.target"} <= set(text)


def test_volumes_and_networks() -> None:
    found = made(volumes=[{"name": "data"}], networks=[{"name": "shop", "extra": {"Network": {"Internal": True}}}])
    assert found["core"]["units"] == [
        {"name": "data.volume", "content": "[Volume]\n"},
        {"name": "shop.network", "content": "[Network]\nInternal=true\n"},
    ]


def test_owners() -> None:
    found = made(
        WEB,
        {**WEB, "user": "root"},
        volumes=[{"name": "data", "user": "app"}],
        secrets=[{"name": "db", "value": "x"}],
        owners=["gone"],
    )
    assert {owner: [unit["name"] for unit in each["units"]] for owner, each in found.items()} == {
        "gone": [],
        "app": ["data.volume"],
        "core": ["web.container"],
        "root": ["web.container"],
    }
    assert found["core"]["secrets"] == [{"name": "db", "value": "x"}]
    assert [each["auto_update"] for each in found.values()] == [False] * 4


REFUSED: list[tuple[dict[str, t.Any], str]] = [
    ({"name": "web"}, "workloads_present: web needs one of image, containers and kube"),
    ({**WEB, "kube": "x"}, "workloads_present: web needs one of"),
    ({"image": IMAGE}, "workloads_present: element 1 needs a name"),
    ({**WEB, "name": "a b"}, "workloads_present: element 1 needs a name"),
    ({**WEB, "port": []}, "workloads_present: web, which has image, does not take port; it takes auto_update,"),
    ({**POD, "on_demand": True}, "workloads_present: shop, which has containers, does not take on_demand;"),
    ({**WEB, "image": ""}, "workloads_present: web needs image"),
    ({**WEB, "ports": "8080:80"}, "workloads_present: web: ports must be a list"),
    ({**WEB, "ports": ["eighty"]}, "workloads_present: web: ports: 'eighty' is no port; give HOST:CONTAINER"),
    ({**WEB, "ports": ["80800:80"]}, "'80800:80' has a number that is not from 1 to 65535"),
    ({**WEB, "ports": ["0:80"]}, "'0:80' has a number that is not from 1 to 65535"),
    ({**WEB, "ports": ["82-80:80-82"]}, "'82-80:80-82' has a number"),
    ({**WEB, "ports": ["80-82:80-83"]}, "the two ranges of '80-82:80-83' are not of the same length"),
    ({**WEB, "volumes": ["a b:/x"]}, "volumes: 'a b' is neither a path in full nor the name of a volume"),
    ({**WEB, "volumes": ["~/x:/x"]}, "volumes: '~/x' is neither"),
    ({**WEB, "networks": ["a/b"]}, "networks: 'a/b' is no name of a network"),
    ({**WEB, "environment": ["A=b"]}, "environment must be names with their values"),
    ({**WEB, "environment": {"A B": 1}}, "environment: 'A B' is no name of a variable"),
    ({**WEB, "environment": {"A": None}}, "environment: A must be one value"),
    ({**WEB, "environment": {"A": "x\ny"}}, "environment: A must be one line; put longer texts into files"),
    ({**WEB, "command": "it's"}, "command is a list of words, or one line with quotes that end"),
    ({**WEB, "restart": "sometimes"}, "restart is one of no, on-success,"),
    ({**WEB, "ready": "soon"}, "ready is one of started,"),
    ({**WEB, "ready": "healthy"}, "ready: healthy needs health"),
    ({**WEB, "ready": "listening"}, "ready: listening needs ports"),
    ({**WEB, "ready": "listening", "ports": ["53:53/udp"]}, "ready: listening needs ports"),
    ({**WEB, "start_timeout": "long"}, "start_timeout must be a number, not 'long'"),
    ({**WEB, "state": "absent"}, "state is one of started, stopped"),
    ({**WEB, "files": [{"target": "x", "content": ""}]}, "files: each has a target, a path in full"),
    ({**WEB, "files": [{"target": "/x"}]}, "files: each has a target"),
    ({**WEB, "files": [{"target": "/x", "content": "", "owner": "me"}]}, "files: each has target, content and mode"),
    ({**WEB, "extra": {"Container": "Memory=1"}}, "extra is sections, and in them keys"),
    ({**WEB, "extra": {"Container": {"A b": 1}}}, "extra: 'A b' is no key of a unit file"),
    ({**WEB, "extra": {"Container": {"Label": "a\n[Service]"}}}, "Label= must be one line"),
    ({**WEB, "on_demand": True}, "on_demand needs ports"),
    ({**ON_DEMAND, "ports": [80]}, "on_demand serves TCP ports with a number on the node, not '80'"),
    ({**ON_DEMAND, "ports": ["53:53/udp"]}, "on_demand serves TCP ports"),
    (
        {**ON_DEMAND, "ports": ["60000:80"]},
        "on_demand needs another port of the node for '60000:80', and 60000 + 10000",
    ),
    ({**ON_DEMAND, "backend_offset": 0}, "give another backend_offset"),
    ({**ON_DEMAND, "networks": ["host"]}, "on_demand needs a network of its own"),
    ({**ON_DEMAND, "idle_timeout": "10 min"}, "idle_timeout must be a time without blanks"),
    ({"name": "shop", "containers": []}, "a pod without containers ends at once"),
    ({"name": "shop", "containers": [{"image": IMAGE}]}, "workloads_present: shop: container 1 needs a name"),
    ({"name": "shop", "containers": ["api"]}, "workloads_present: shop: container 1 needs a name"),
    (
        {"name": "shop", "containers": [{**WEB, "ports": ["80:80"]}]},
        "workloads_present: shop: container web does not take ports",
    ),
    ({"name": "shop", "kube": "a: [b"}, "workloads_present: shop: kube is not YAML: "),
    ({"name": "shop", "kube": "just text"}, "kube must be the text of documents of Kubernetes"),
    ({"name": "shop", "kube": ""}, "kube must be the text of documents"),
    ({"name": "shop", "kube": {"kind": "Pod"}}, "workloads_present: shop: kube is not YAML"),
]


@pytest.mark.parametrize(("workload", "sentence"), REFUSED)
def test_refused(workload: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(FleetError) as refused:
        made(workload)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_refused_together() -> None:
    root = {"name": "shop", "image": IMAGE, "user": "root", "ports": ["127.0.0.1:8080:80"]}
    for workloads, options, sentence in (
        ([WEB, WEB], {}, "workloads_present: web of core is there twice"),
        (
            [{**WEB, "ports": ["8080:80"]}, root],
            {},
            "web.container of core and shop.container of root both listen on 127.0.0.1:8080/tcp",
        ),
        ([ON_DEMAND, {**root, "ports": ["18080:80"]}], {}, "both listen on 18080/tcp"),
        (["web"], {}, "workloads_present: element 1 must be keys with values"),
        ([], {"secrets": [{"name": "db"}]}, "workloads_secrets: db needs a value"),
        ([], {"secrets": [{"name": "db", "value": "x", "mode": 1}]}, "workloads_secrets: db does not take mode"),
        ([], {"volumes": [{"name": "data", "driver": "x"}]}, "workloads_volumes: data does not take driver"),
        ([], {"networks": [{}]}, "workloads_networks: element 1 needs a name"),
    ):
        with pytest.raises(FleetError) as refused:
            made(*workloads, **options)
        assert sentence in str(refused.value)


def test_podman_without_quadlet() -> None:
    """Story C on an older node: the same workload as a plain unit."""
    hello = {**ON_DEMAND, "name": "hello-server", "health": "true", "auto_update": True, "volumes": ["data:/data"]}
    found = wanted("core", made(hello, volumes=[{"name": "data"}])["core"])
    units = {target.path.rpartition("/")[2]: target.content.decode() for target in place(found, (4, 3))}
    start = next(line for line in units["hello-server.service"].splitlines() if line.startswith("ExecStart="))
    assert start.startswith("ExecStart=/usr/bin/podman run --name=hello-server ")
    assert {"--publish=127.0.0.1:18080:80", "--volume=systemd-data:/data", "--health-cmd=true"} <= set(start.split())
    assert "--label=io.containers.autoupdate=registry" in start
    assert start.endswith(f" {IMAGE}")
    assert "StopWhenUnneeded=true" in units["hello-server.service"]
    assert "podman healthcheck run hello-server" in units["hello-server.service"]
