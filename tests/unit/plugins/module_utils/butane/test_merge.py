# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of fragments: the merged document as butane would understand it, or a refusal that names both places."""

from __future__ import annotations

import json

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.butane.model import ConfigError, Fragment
from ansible_collections.evergreen.fleet.plugins.module_utils.butane.source import compose
from ruamel.yaml import YAML


def merged(*texts: str) -> object:
    """The merged document, with plain values as the text they are made of."""
    source = compose([Fragment(f"{name}.bu", text) for name, text in zip("abcdef", texts)])
    data = YAML(typ="safe", pure=True).load(source.text)
    return json.loads(json.dumps(data))


BASE = """\
variant: fcos
version: 1.6.0
storage:
  files:
    - path: /etc/a
      mode: 0644
    - path: /etc/b
passwd:
  users:
    - name: core
      groups: [wheel]
systemd:
  units:
    - name: app.service
      enabled: true
      dropins:
        - name: 10-a.conf
          contents: a
"""


@pytest.mark.parametrize(
    ("later", "path", "expected"),
    [
        pytest.param(
            "kernel_arguments: {should_exist: [quiet]}", "kernel_arguments.should_exist", ["quiet"], id="new key"
        ),
        pytest.param("storage: {files: [{path: /etc/c}]}", "storage.files.2", {"path": "/etc/c"}, id="new entry"),
        pytest.param("storage: {trees: [{local: x}]}", "storage.trees.0.local", "x", id="new list"),
        pytest.param("storage:", "storage.files.1.path", "/etc/b", id="nothing adds nothing"),
        pytest.param("version: 1.6.0", "version", "1.6.0", id="the same version again"),
        pytest.param(
            "storage: {files: [!override {path: /etc/a, mode: 0600}]}",
            "storage.files",
            [{"path": "/etc/a", "mode": 600}, {"path": "/etc/b"}],
            id="override an entry, in its place",
        ),
        pytest.param(
            "storage: {links: [!override {path: /etc/a, target: b}]}",
            "storage",
            {"files": [{"path": "/etc/b"}], "links": [{"path": "/etc/a", "target": "b"}]},
            id="override a file with a link",
        ),
        pytest.param(
            "storage: {files: !override [{path: /etc/a}]}", "storage.files", [{"path": "/etc/a"}], id="override a list"
        ),
        pytest.param("storage: {files: !override }", "storage", {"files": None}, id="override a list with nothing"),
        pytest.param(
            "storage: {links: [{path: /etc/a}], files: !override [{path: /etc/c}]}",
            "storage",
            {"files": [{"path": "/etc/c"}], "links": [{"path": "/etc/a"}]},
            id="what an overridden list held is free, whatever the order",
        ),
        pytest.param(
            "storage: !override {files: [{path: /x}]}", "storage", {"files": [{"path": "/x"}]}, id="override a mapping"
        ),
        pytest.param(
            "storage: {files: [!override {path: /etc/new}]}",
            "storage.files.2",
            {"path": "/etc/new"},
            id="override what is not there",
        ),
        pytest.param(
            "passwd: {users: [!merge {name: core, groups: [docker], shell: /bin/sh}]}",
            "passwd.users",
            [{"name": "core", "groups": ["wheel", "docker"], "shell": "/bin/sh"}],
            id="merge an entry",
        ),
        pytest.param(
            "passwd: {users: [!merge {name: admin}]}", "passwd.users.1", {"name": "admin"}, id="merge what is not there"
        ),
        pytest.param(
            "systemd: {units: [!merge {name: app.service, enabled: !override false, dropins: [{name: 20-b.conf}]}]}",
            "systemd.units.0",
            {
                "name": "app.service",
                "enabled": False,
                "dropins": [{"name": "10-a.conf", "contents": "a"}, {"name": "20-b.conf"}],
            },
            id="add a drop-in and override a value",
        ),
        pytest.param(
            "systemd: {units: [!merge {name: app.service, dropins: [!override {name: 10-a.conf, contents: b}]}]}",
            "systemd.units.0.dropins",
            [{"name": "10-a.conf", "contents": "b"}],
            id="override a drop-in",
        ),
        pytest.param(
            "storage: {files: [{path: /etc/c}, {path: /etc/c}]}",
            "storage.files",
            [{"path": "/etc/a", "mode": 644}, {"path": "/etc/b"}, {"path": "/etc/c"}, {"path": "/etc/c"}],
            id="twice in one fragment is for butane to refuse",
        ),
    ],
)
def test_merged(later: str, path: str, expected: object) -> None:
    found = merged(BASE, later)
    for part in path.split("."):
        found = found[int(part)] if isinstance(found, list) else found[part]
    assert found == expected


@pytest.mark.parametrize(
    ("first", "later", "message"),
    [
        (
            "storage:\n  files:\n    - path: /a\n",
            "storage:\n  files:\n    - mode: 0644\n      path: /a\n",
            "b.bu:3:7: the path /a is already set in a.bu:3:7; tag this entry !override to replace that one, or !merge "
            "to add to it",
        ),
        (
            "storage: {files: [{path: /a}]}\n",
            "storage: {directories: [{path: /a}]}\n",
            "b.bu:1:25: the path /a is already set in a.bu:1:19; ",
        ),
        (
            "storage: {links: [{path: /a}]}",
            "storage: {files: [!merge {path: /a}]}",
            "b.bu:1:19: the path /a is already ",
        ),
        ("storage: {disks: [{device: /d}]}", "storage: {disks: [{device: /d}]}", "b.bu:1:19: the disk /d is already"),
        (
            "storage: {disks: [{device: /d, partitions: [{number: 0, label: x}]}]}",
            "storage: {disks: [!merge {device: /d, partitions: [{label: x}]}]}",
            "b.bu:1:52: the partition x is already set in a.bu:1:45",
        ),
        (
            "storage: {disks: [{device: /d, partitions: [{number: 1, label: x}]}]}",
            "storage: {disks: [!merge {device: /d, partitions: [{number: 1, label: y}]}]}",
            "b.bu:1:52: the partition 1 is already set in a.bu:1:45",
        ),
        (
            "storage: {filesystems: [{device: /d}]}",
            "storage: {filesystems: [{device: /d}]}",
            "b.bu:1:25: the filesystem on /d is already set in a.bu:1:25",
        ),
        ("storage: {luks: [{name: l}]}", "storage: {luks: [{name: l}]}", "b.bu:1:18: the LUKS volume l is already"),
        ("storage: {raid: [{name: r}]}", "storage: {raid: [{name: r}]}", "b.bu:1:18: the RAID array r is already"),
        (
            "passwd: {users: [{name: u}]}",
            "passwd: {users: [{name: 'u'}]}",
            "b.bu:1:18: the user u is already set in a.",
        ),
        (
            "passwd: {groups: [{name: g}]}",
            "passwd: {groups: [{name: g}]}",
            "b.bu:1:19: the group g is already set in a.",
        ),
        ("grub: {users: [{name: u}]}", "grub: {users: [{name: u}]}", "b.bu:1:16: the GRUB user u is already set in a."),
        (
            "systemd: {units: [{name: u}]}",
            "systemd: {units: [{name: u}]}",
            "b.bu:1:19: the unit u is already set in a.",
        ),
        (
            "systemd: {quadlets: [{name: q}]}",
            "systemd: {quadlets: [{name: q}]}",
            "b.bu:1:22: the quadlet q is already set in a.bu:1:22",
        ),
        (
            "boot_device:\n  layout: x86_64\n",
            "boot_device:\n  layout: ppc64le\n",
            "b.bu:2:11: boot_device.layout already has another value in a.bu:2:11; tag this one !override to replace ",
        ),
        ("storage: {files: []}", "storage: []", "b.bu:1:10: storage is a list here, but a mapping in a.bu:1:10"),
        (
            "storage: {files: {}}",
            "storage: {files: [{path: /a}]}",
            "b.bu:1:18: storage.files is a list here, but a map",
        ),
        ("storage: {files: [a]}", "storage: {files: b}", "b.bu:1:18: storage.files is a single value here, but a list"),
        (
            "variant: fcos\nversion: 1.5.0\n",
            "variant: fcos\nversion: 1.6.0\n",
            "b.bu:2:10: version 1.6.0, but 1.5.0 in a.bu:2:10: fragments that are merged must be written for the same",
        ),
        ("variant: fcos", "variant: !override flatcar", "b.bu:1:10: variant flatcar, but fcos in a.bu:1:10: "),
    ],
)
def test_refused(first: str, later: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        merged(first, later)
    assert caught.value.message.startswith(message)


def test_the_third_names_the_one_that_set_it() -> None:
    with pytest.raises(ConfigError, match=r"^c\.bu:1:18: the user u is already set in b\.bu:1:18"):
        merged("passwd: {users: [{name: x}]}", "passwd: {users: [{name: u}]}", "passwd: {users: [{name: u}]}")
    with pytest.raises(ConfigError, match=r"^c\.bu:1:18: the user u is already set in b\.bu:1:18"):
        merged("passwd: {users: [{name: u}]}", "passwd: {users: [!override {name: u}]}", "passwd: {users: [{name: u}]}")


def test_no_value_is_ever_part_of_a_refusal() -> None:
    with pytest.raises(ConfigError) as caught:
        merged(
            "passwd: {users: [{name: u, password_hash: first-secret}]}",
            "passwd: {users: [!merge {name: u, password_hash: other-secret}]}",
        )
    assert "secret" not in str(caught.value.message) + str(caught.value.details)
