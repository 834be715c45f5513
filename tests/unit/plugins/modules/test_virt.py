# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""virt_guest and virt_network from what Ansible hands over to what it gets back, with stand-ins for virsh in PATH."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path
from types import ModuleType

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.evergreen.fleet.plugins.modules import virt_guest, virt_network

MODULES = [virt_guest, virt_network]
DENIED = "error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/x': Permission denied"


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> t.Callable[..., dict[str, t.Any]]:
    """Run a module; ``virsh`` is the shell script that stands in for virsh, None for none at all."""

    def run(module: ModuleType, virsh: str | None, check: bool = False, **args: t.Any) -> dict[str, t.Any]:
        monkeypatch.setenv("PATH", str(tmp_path))
        if virsh is not None:
            (tmp_path / "virsh").write_text(f"#!/bin/sh\n{virsh}\n", encoding="utf-8")
            (tmp_path / "virsh").chmod(0o755)
        with patch_module_args({**args, "_ansible_check_mode": check}), pytest.raises(SystemExit):
            module.main()
        result: dict[str, t.Any] = json.loads(capsys.readouterr().out)
        return result

    return run


@pytest.mark.parametrize("module", MODULES)
def test_nothing_to_remove(module: ModuleType, call: t.Callable[..., dict[str, t.Any]]) -> None:
    result = call(module, "echo", name="edge1", state="absent")
    assert (result["changed"], result["state"], result["steps"]) == (False, "absent", [])


@pytest.mark.parametrize("module", MODULES)
def test_no_virsh(module: ModuleType, call: t.Callable[..., dict[str, t.Any]]) -> None:
    result = call(module, None, name="edge1", state="absent")
    assert result["failed"]
    assert result["msg"].startswith("cannot run virsh: No such file or directory; it is in the package libvirt-clients")


@pytest.mark.parametrize("module", MODULES)
def test_no_permission(module: ModuleType, call: t.Callable[..., dict[str, t.Any]]) -> None:
    result = call(module, f'echo "{DENIED}" >&2; exit 1', name="edge1", state="absent")
    assert result["msg"] == (
        "uri: cannot connect to qemu:///system: Failed to connect socket to '/x': Permission denied; libvirtd has to"
        " run there, and the user of this task needs become: true or membership in the group libvirt"
    )


@pytest.mark.parametrize("module", MODULES)
def test_bad_name(module: ModuleType, call: t.Callable[..., dict[str, t.Any]]) -> None:
    # No virsh either: it is not asked.
    assert "name: '../x' cannot be the name" in call(module, None, name="../x", state="absent")["msg"]


def test_wrong_type(call: t.Callable[..., dict[str, t.Any]]) -> None:
    result = call(virt_guest, None, name="edge1", image="/i", memory="much")
    assert "'memory'" in result["msg"]


DISKLESS = (
    "<domain type='qemu'><name>edge1</name><metadata><f:guest xmlns:f='urn:evergreen-fleet:guest:1' complete='yes'"
    " directory='/d'/></metadata><memory>2097152</memory><vcpu>2</vcpu><devices/></domain>"
)


def test_start_in_check_mode(call: t.Callable[..., dict[str, t.Any]]) -> None:
    virsh = f"""case "$*" in
*" domstats --state") printf "Domain: 'edge1'\\n  state.state=5\\n";;
*" dumpxml --inactive edge1") echo "{DISKLESS}";;
*) echo "error: not expected: $*" >&2; exit 1;;
esac"""
    result = call(virt_guest, virsh, check=True, name="edge1")
    assert [step["argv"][-2:] for step in result["steps"]] == [["start", "edge1"]]
    assert result["state"] == "running"
