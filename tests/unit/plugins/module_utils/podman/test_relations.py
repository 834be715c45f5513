# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.model import Unit
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.relations import (
    Port,
    mounts,
    needed,
    ports,
    references,
    secrets,
)
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.unitfile import parse


def unit(name: str, text: str) -> Unit:
    return Unit(name, text, parse(text))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "x.container",
            "[Container]\nVolume=data.volume:/srv:Z\nNetwork=lan.network:ip=10.0.0.2",
            ["data.volume", "lan.network"],
        ),
        ("x.container", "[Container]\nMount=type=volume,source=data.volume,destination=/srv", ["data.volume"]),
        ("x.container", "[Container]\nPod=app.pod\nImage=i.image", ["app.pod", "i.image"]),
        ("x.container", "[Container]\nVolume=/srv/a.volume:/x\nNetwork=host\nImage=r.example.com/a.image/x:1", []),
        ("x.container", "[Container]\nVolume=named:/x\nVolume=.volume:/y", []),
        ("v.volume", "[Volume]\nImage=i.image", ["i.image"]),
        ("p.pod", "[Pod]\nNetwork=lan.network\nVolume=v.volume:/x", ["v.volume", "lan.network"]),
    ],
)
def test_references(name: str, text: str, expected: list[str]) -> None:
    assert list(references(unit(name, text))) == expected


def test_what_goes_down_together() -> None:
    found = unit(
        "x.container",
        "[Unit]\nRequires=a.service b.service\nBindsTo=c.service\nAfter=d.service\n[Container]\nPod=app.pod",
    )
    assert needed(found, {"app.pod": "app-pod.service"}) == {"a.service", "b.service", "c.service", "app-pod.service"}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("x.container", "[Container]\nPublishPort=8080:80", ["8080/tcp"]),
        ("x.container", "[Container]\nPublishPort=127.0.0.1:8080:80/udp", ["127.0.0.1:8080/udp"]),
        ("x.container", "[Container]\nPublishPort=0.0.0.0:8080-8082:80-82", ["8080/tcp", "8081/tcp", "8082/tcp"]),
        ("x.container", "[Container]\nPublishPort=[::1]:8080:80", ["[::1]:8080/tcp"]),
        ("x.container", "[Container]\nPublishPort=80\nPublishPort=127.0.0.1::80", []),
        ("p.pod", "[Pod]\nPublishPort=8443:443", ["8443/tcp"]),
        (
            "s.socket",
            "[Socket]\nListenStream=8080\nListenDatagram=127.0.0.1:53\nListenStream=/run/x",
            ["8080/tcp", "127.0.0.1:53/udp"],
        ),
        ("s.socket", "[Socket]\nListenStream=[::]:8080", ["8080/tcp"]),
    ],
)
def test_ports(name: str, text: str, expected: list[str]) -> None:
    assert [str(each) for each in ports(unit(name, text))] == expected


@pytest.mark.parametrize(
    ("one", "other", "collide"),
    [
        (Port(80, "tcp"), Port(80, "tcp"), True),
        (Port(80, "tcp"), Port(80, "udp"), False),
        (Port(80, "tcp"), Port(80, "tcp", "127.0.0.1"), True),
        (Port(80, "tcp", "192.0.2.1"), Port(80, "tcp", "127.0.0.1"), False),
        (Port(80, "tcp"), Port(81, "tcp"), False),
    ],
)
def test_collisions(one: Port, other: Port, collide: bool) -> None:
    assert one.collides(other) is other.collides(one) is collide


@pytest.mark.parametrize(
    ("text", "path", "uses"),
    [
        ("[Container]\nVolume=%h/www:/www:Z", "%h/www/index.html", True),
        ("[Container]\nVolume=%h/www:/www:Z", "%h/www2/index.html", False),
        ("[Container]\nMount=type=bind,source=/srv/a.conf,target=/a", "/srv/a.conf", True),
        ("[Container]\nEnvironmentFile=./web.env", "web.env", True),
        ("[Service]\nEnvironmentFile=-/srv/web.env", "/srv/web.env", True),
        ("[Container]\nLabel=path=/srv/a.conf", "/srv/a.conf", False),
    ],
)
def test_files_that_a_unit_uses(text: str, path: str, uses: bool) -> None:
    assert mounts(unit("x.container", text), path) is uses


def test_secrets_and_images() -> None:
    found = unit("x.container", "[Container]\nImage=r.example.com/a:1\nSecret=db,type=env,target=DB\nSecret=tls")
    assert secrets(found) == ("db", "tls")
