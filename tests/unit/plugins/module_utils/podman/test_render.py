# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Quadlet files as plain units, for podman without Quadlet."""

from __future__ import annotations

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.render import render
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.unitfile import parse

from .fake import wanted

WEB = r"""
[Unit]
Description=Web
[Container]
Image=registry.example.com/web:1
AutoUpdate=registry
ContainerName=web
PublishPort=8080:80
Volume=data.volume:/srv:Z
Mount=type=volume,source=data.volume,target=/mnt
Network=lan.network
Environment=A=1 "B=two words"
HealthCmd=curl -f http://localhost/ || exit 1
ReadOnly=yes
RunInit=no
User=1000
Group=1000
PodmanArgs=--memory 1g
Exec=httpd -f "a b"
[Service]
Restart=always
[Install]
WantedBy=default.target
"""
SET = {"web.container": WEB, "data.volume": "[Volume]\nVolumeName=site\n", "lan.network": "[Network]\n"}


def rendered(name: str, units: dict[str, str]) -> str:
    found = wanted(units)
    return render(next(unit for unit in found.units if unit.name == name), found)


def test_a_container() -> None:
    text = rendered("web.container", SET)
    file = parse(text)
    run = file.value("Service", "ExecStart") or ""
    assert run.startswith("/usr/bin/podman run --name=web --cidfile=%t/%N.cid --replace --rm -d --sdnotify=conmon ")
    for words in (
        "--publish=8080:80",
        "--volume=site:/srv:Z",
        "--mount=type=volume,source=site,target=/mnt",
        "--network=systemd-lan",
        '--env=A=1 "--env=B=two words"',
        '"--health-cmd=curl -f http://localhost/ || exit 1"',
        "--read-only",
        "--label=io.containers.autoupdate=registry",
        "--user=1000:1000",
        "--memory 1g",
    ):
        assert words in run
    assert "--init" not in run
    assert run.endswith('registry.example.com/web:1 httpd -f "a b"')
    assert file.value("Service", "Type") == "notify"
    assert file.value("Service", "Restart") == "always"
    assert file.values("Unit", "Requires") == ("data-volume.service", "lan-network.service")
    assert file.values("Unit", "After") == ("data-volume.service", "lan-network.service")
    assert file.value("Install", "WantedBy") == "default.target"


@pytest.mark.parametrize(
    ("name", "text", "start"),
    [
        (
            "data.volume",
            "[Volume]\nLabel=a=b\nOptions=size=1G\nUser=5\nCopy=no\n",
            "/bin/sh -c '/usr/bin/podman volume exists systemd-data || exec /usr/bin/podman volume create --label=a=b "
            "--opt=o=size=1G,uid=5 --opt=nocopy systemd-data'",
        ),
        (
            "lan.network",
            "[Network]\nNetworkName=lan\nSubnet=10.89.9.0/24\nInternal=true\nPodmanArgs=--opt mtu=9000\n",
            "/bin/sh -c '/usr/bin/podman network exists lan || exec /usr/bin/podman network create "
            "--subnet=10.89.9.0/24 --internal --opt mtu=9000 lan'",
        ),
    ],
)
def test_volumes_and_networks_are_made_when_they_are_not_there(name: str, text: str, start: str) -> None:
    file = parse(rendered(name, {name: text}))
    assert file.value("Service", "ExecStart") == start
    assert file.value("Service", "RemainAfterExit") == "yes"
    assert "Install" not in file.sections


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.pod", "[Pod]\n", "a.pod needs podman 4.4 or newer"),
        (
            "a.container",
            "[Container]\nImage=x\nPod=a.pod\n",
            "Pod= has no counterpart in podman older than 4.4",
        ),
        ("a.container", "[Container]\nImage=x\n[Service]\nType=simple\n", "Type=simple is none that podman serves"),
        ("a.container", "[Container]\nExec=x\n", "a.container needs either Image= or Rootfs="),
    ],
)
def test_what_cannot_be_written_so(name: str, text: str, sentence: str) -> None:
    with pytest.raises(FleetError) as refused:
        rendered(name, {name: text})
    assert sentence in refused.value.message


def test_a_job_ends_by_itself() -> None:
    file = parse(rendered("job.container", {"job.container": "[Container]\nImage=x\n[Service]\nType=oneshot\n"}))
    assert file.value("Service", "Type") == "oneshot"
    run = file.value("Service", "ExecStart") or ""
    assert "-d" not in run.split()
    assert "--sdnotify" not in run
