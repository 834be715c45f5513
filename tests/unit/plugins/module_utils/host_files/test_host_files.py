# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""host_files: what is done on which host for which wish, in what order."""

from __future__ import annotations

import copy
import json
import shutil
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.host_files.survey import State
from ansible_collections.evergreen.fleet.plugins.module_utils.host_files.validate import validate
from ansible_collections.evergreen.fleet.plugins.module_utils.host_files.verify import verify
from ansible_collections.evergreen.fleet.plugins.module_utils.host_files.wanted import WantedFile
from ansible_collections.evergreen.fleet.plugins.module_utils.node import File, LocalNode
from ansible_collections.evergreen.fleet.plugins.modules import host_files

from .fake import FakeHost

UNITS = "/etc/systemd/system"
SERVICE = "[Service]\nExecStart=/usr/bin/true\n[Install]\nWantedBy=multi-user.target\n"
SECRET = {"secret_content": "hunter2"}


def there(content: str = "old\n", mode: int = 0o644, owner: str = "root", group: str = "root") -> File:
    return File(content.encode(), mode, owner, group)


def run(host: FakeHost, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
    valid = ArgumentSpecValidator(host_files.ARGUMENT_SPEC).validate(options)
    assert not valid.errors.errors, valid.errors.msg
    return host_files.run(host, valid.validated_parameters, check)


def a_file(path: str = "/etc/x.conf", **more: t.Any) -> dict[str, t.Any]:
    return {"path": path, **({} if "state" in more else {"content": "new\n"}), **more}


CASES: dict[str, tuple[FakeHost, dict[str, t.Any], list[str]]] = {
    "a new file": (FakeHost(folders={"/etc"}), {"files": [a_file()]}, ["write /etc/x.conf"]),
    "its folder is missing": (
        FakeHost(),
        {"files": [a_file("/etc/a/b/x"), a_file("/etc/a/b/y")]},
        ["install -d -m 0755 -Z -- /etc/a/b", "write /etc/a/b/x", "write /etc/a/b/y"],
    ),
    "another content": (FakeHost({"/etc/x.conf": there()}), {"files": [a_file()]}, ["write /etc/x.conf"]),
    "the same": (FakeHost({"/etc/x.conf": there("new\n", 0o600, "core")}), {"files": [a_file()]}, []),
    "another mode": (
        FakeHost({"/etc/x.conf": there("new\n")}),
        {"files": [a_file(mode="0600")]},
        ["write /etc/x.conf"],
    ),
    "another owner": (
        FakeHost({"/etc/x.conf": there("new\n")}),
        {"files": [a_file(owner="core")]},
        ["write /etc/x.conf"],
    ),
    "a file goes": (FakeHost({"/etc/x.conf": there()}), {"files": [a_file(state="absent")]}, ["remove /etc/x.conf"]),
    "it is gone": (FakeHost(), {"files": [a_file(state="absent")]}, []),
    "a new unit, enabled and started": (
        FakeHost(folders={UNITS}),
        {
            "files": [a_file(f"{UNITS}/x.service", content=SERVICE)],
            "units": [{"name": "x.service", "enabled": True, "state": "started"}],
        },
        [
            f"write {UNITS}/x.service",
            "systemctl daemon-reload",
            "systemctl reenable -- x.service",
            "systemctl start -- x.service",
        ],
    ),
    "a running unit follows its file": (
        FakeHost({f"{UNITS}/x.service": there()}, {"x.service": ("enabled", "active")}),
        {"files": [a_file(f"{UNITS}/x.service", content=SERVICE)]},
        [f"write {UNITS}/x.service", "systemctl daemon-reload", "systemctl try-restart -- x.service"],
    ),
    "a unit that does not run stays so": (
        FakeHost({f"{UNITS}/x.service": there()}, {"x.service": ("enabled", "inactive")}),
        {"files": [a_file(f"{UNITS}/x.service", content=SERVICE)]},
        [f"write {UNITS}/x.service", "systemctl daemon-reload"],
    ),
    "a drop-in of the host's own unit": (
        FakeHost(units={"y.timer": ("enabled", "active")}),
        {"files": [a_file(f"{UNITS}/y.timer.d/50.conf")]},
        [
            f"install -d -m 0755 -Z -- {UNITS}/y.timer.d",
            f"write {UNITS}/y.timer.d/50.conf",
            "systemctl daemon-reload",
            "systemctl try-restart -- y.timer",
        ],
    ),
    "a drop-in goes": (
        FakeHost({f"{UNITS}/y.timer.d/50.conf": there()}, {"y.timer": ("enabled", "active")}),
        {"files": [a_file(f"{UNITS}/y.timer.d/50.conf", state="absent")]},
        [f"remove {UNITS}/y.timer.d/50.conf", "systemctl daemon-reload", "systemctl try-restart -- y.timer"],
    ),
    "a drop-in of all services": (
        FakeHost(folders={f"{UNITS}/service.d"}),
        {"files": [a_file(f"{UNITS}/service.d/50.conf")]},
        [f"write {UNITS}/service.d/50.conf", "systemctl daemon-reload"],
    ),
    "an instance follows its template": (
        FakeHost({f"{UNITS}/z@.service": there()}, {"z@a.service": ("enabled", "active")}),
        {"files": [a_file(f"{UNITS}/z@.service", content=SERVICE)], "units": [{"name": "z@a.service"}]},
        [f"write {UNITS}/z@.service", "systemctl daemon-reload", "systemctl try-restart -- z@a.service"],
    ),
    "a unit goes": (
        FakeHost({f"{UNITS}/x.service": there()}, {"x.service": ("enabled", "active")}),
        {"files": [a_file(f"{UNITS}/x.service", state="absent")]},
        [
            "systemctl stop -- x.service",
            "systemctl disable -- x.service",
            f"remove {UNITS}/x.service",
            "systemctl daemon-reload",
        ],
    ),
    "its configuration is reloaded": (
        FakeHost({"/etc/x.conf": there()}, {"x.service": ("static", "active")}),
        {"files": [a_file()], "units": [{"name": "x.service", "on_change": "reload", "watches": ["/etc/x.conf"]}]},
        ["write /etc/x.conf", "systemctl try-reload-or-restart -- x.service"],
    ),
    "nothing follows": (
        FakeHost({"/etc/x.conf": there()}, {"x.service": ("static", "active")}),
        {"files": [a_file()], "units": [{"name": "x.service", "on_change": "none", "watches": ["/etc/x.conf"]}]},
        ["write /etc/x.conf"],
    ),
    "masked": (
        FakeHost(units={"x.service": ("enabled", "active")}),
        {"units": [{"name": "x.service", "masked": True, "state": "stopped"}]},
        ["systemctl stop -- x.service", "systemctl mask -- x.service"],
    ),
    "not masked any more": (
        FakeHost(units={"x.service": ("masked", "inactive")}),
        {"units": [{"name": "x.service", "masked": False}]},
        ["systemctl unmask -- x.service"],
    ),
    "a unit that is not there is stopped and disabled": (
        FakeHost(),
        {"units": [{"name": "x.service", "enabled": False, "state": "stopped"}]},
        [],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_steps(case: tuple[FakeHost, dict[str, t.Any], list[str]]) -> None:
    host, options, steps = copy.deepcopy(case)
    foreseen = run(host, check=True, **options)
    assert host.done == []
    result = run(host, **options)
    assert host.done == steps
    assert result == foreseen
    assert result["changed"] == bool(steps)
    assert (result["diff"]["before"] != result["diff"]["after"]) == bool(steps)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_again_it_is_one_round_trip(case: tuple[FakeHost, dict[str, t.Any], list[str]]) -> None:
    host, options, _steps = copy.deepcopy(case)
    run(host, **options)
    host.done, host.gathers = [], 0
    assert not run(host, **options)["changed"]
    assert host.done == []
    assert host.gathers == 1


REFUSALS: dict[str, tuple[dict[str, t.Any], str]] = {
    "relative": ({"files": [a_file("etc/x")]}, "files[0].path: 'etc/x' is no absolute path"),
    "dots": ({"files": [a_file("/etc/../x")]}, "files[0].path: '/etc/../x' is no absolute path"),
    "mode": ({"files": [a_file(mode="493")]}, "files[0].mode: '493' must be four octal digits"),
    "no content": ({"files": [{"path": "/x"}]}, "files[0]: /x needs either content or secret_content"),
    "two contents": ({"files": [a_file(content="x") | SECRET]}, "needs either content or secret_content"),
    "absent with content": ({"files": [a_file(state="absent", content="x")]}, "a file that is absent has no content"),
    "twice": ({"files": [a_file(), a_file()]}, "files: /etc/x.conf is there twice"),
    "no type": ({"units": [{"name": "sshd"}]}, "units[0].name: 'sshd' is no name of a unit"),
    "masked and started": ({"units": [{"name": "x.timer", "masked": True, "state": "started"}]}, "cannot be masked"),
    "template started": ({"units": [{"name": "x@.timer", "state": "started"}]}, "is a template"),
    "unit twice": ({"units": [{"name": "x.timer"}, {"name": "x.timer"}]}, "units: x.timer is there twice"),
    "no [Install]": (
        {
            "files": [a_file(f"{UNITS}/x.service", content="[Service]\n#[Install]\n")],
            "units": [{"name": "x.service", "enabled": True}],
        },
        "x.service has no section [Install]",
    ),
    "static": ({"units": [{"name": "static.service", "enabled": True}]}, "static.service is static"),
    "unknown": ({"units": [{"name": "nothing.service", "enabled": True}]}, "this host has no nothing.service"),
}


@pytest.mark.parametrize("case", REFUSALS.values(), ids=REFUSALS.keys())
def test_refused_before_anything_is_touched(case: tuple[dict[str, t.Any], str]) -> None:
    options, words = case
    host = FakeHost(folders={UNITS}, units={"static.service": ("static", "active")})
    with pytest.raises(FleetError) as refused:
        run(host, **options)
    assert words in refused.value.message
    assert host.done == []


def test_no_systemd() -> None:
    with pytest.raises(FleetError, match="this host has no systemd"):
        run(FakeHost(systemd=""), units=[{"name": "x.timer"}])


def test_a_unit_that_systemd_does_not_take() -> None:
    host = FakeHost(folders={UNITS}, refuses="x.service:2: Unknown key 'Exec', ignoring.\n")
    for check in (True, False):
        with pytest.raises(FleetError, match=r"does not take these units.*Unknown key 'Exec'.*set verify to false"):
            run(host, check, files=[a_file("/etc/y"), a_file(f"{UNITS}/x.service", content=SERVICE)])
    assert host.done == []
    assert run(host, files=[a_file(f"{UNITS}/x.service", content=SERVICE)], verify=False)["changed"]


def test_systemd_sees_whole_units_before_drop_ins() -> None:
    host = FakeHost(folders={UNITS})
    run(host, files=[a_file(f"{UNITS}/x.service.d/5.conf"), a_file("/etc/y"), a_file(f"{UNITS}/x.service")])
    assert host.verified == ["x.service", "x.service.d/5.conf"]


def test_a_unit_that_does_not_stay_up() -> None:
    host = FakeHost(units={"x.service": ("disabled", "failed")}, crashing={"x.service"})
    with pytest.raises(FleetError, match=r"still not as wanted: x\.service does not run"):
        run(host, units=[{"name": "x.service", "state": "started"}])


def test_secrets_are_in_no_difference_and_no_step() -> None:
    host = FakeHost({"/etc/x.conf": there("hunter1")})
    result = run(host, files=[{"path": "/etc/x.conf", "mode": "0600"} | SECRET])
    assert host.files["/etc/x.conf"].content == b"hunter2"
    assert "hunter" not in json.dumps(result)
    assert result["diff"]["before"] != result["diff"]["after"]


VERDICTS = {
    "good": ({"a.service": SERVICE}, ""),
    "its script comes with it": ({"a.service": "[Service]\nExecStart=/opt/nowhere/run -x\n"}, ""),
    "no such program": ({"a.service": "[Service]\nExecStart=/opt/nowhere/runner\n"}, "a.service: Command /opt"),
    "misspelt": ({"a.service": SERVICE + "[Unit]\nAfer=b.service\n"}, "a.service:6: Unknown key"),
    "misspelt in a drop-in": (
        {"a.service": SERVICE, "a.service.d/5.conf": "[Service]\nRestrat=no\n"},
        "a.service.d/5.conf:2: Unknown key",
    ),
    "nothing to start": ({"a.service": "[Unit]\nDescription=x\n"}, "a.service"),
    "a timer beside its service": ({"a.service": SERVICE, "a.timer": "[Timer]\nOnBootSec=10min\n"}, ""),
    "a time that is none": ({"a.service": SERVICE, "a.timer": "[Timer]\nOnBootSec=soon\n"}, "a.timer:2"),
}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd-analyze")
@pytest.mark.parametrize("case", VERDICTS.values(), ids=VERDICTS.keys())
def test_what_the_real_systemd_says(case: tuple[dict[str, str], str]) -> None:
    units, said = case
    node = LocalNode()
    version = int(node.run(["systemd-analyze", "--version"]).stdout.split()[1])
    files = [WantedFile(f"{UNITS}/{name}", content.encode()) for name, content in units.items()]
    files.append(WantedFile("/opt/nowhere/run", b"#!/bin/sh\n", mode=0o755))
    if not said:
        verify(node, State(systemd=version, analyzer=True), files, files)
        return
    with pytest.raises(FleetError) as refused:
        verify(node, State(systemd=version, analyzer=True), files, files)
    assert said in refused.value.message
    assert "/tmp" not in refused.value.message  # noqa: S108


# What the program is, and what it says ("" when it accepts).
ANSWERS = {
    "each file at its path, with its mode": ("cat 'etc/a b/x' etc/y && [ -x 'etc/a b/x' ] && [ ! -e etc/gone ]", ""),
    "it does not accept": ("cat etc/y >&2; exit 3", "nothing was changed; second"),
    "it says it on the other stream": ("cat etc/y; exit 3", "nothing was changed; second"),
    "it says nothing": ("exit 3", "it said nothing"),
    "nobody else looks at it": ("ls -ld . | grep -q ^drwx------", ""),
}


@pytest.mark.parametrize("case", ANSWERS.values(), ids=ANSWERS.keys())
def test_what_the_reader_of_the_files_says(case: tuple[str, str]) -> None:
    program, said = case
    files = [
        WantedFile("/etc/a b/x", b"#!/bin/sh\n", mode=0o755),
        WantedFile("/etc/y", b"second"),
        WantedFile("/etc/empty", b""),
        WantedFile("/etc/gone", None),
    ]
    validate(LocalNode(), ["false"], files, [])
    if not said:
        validate(LocalNode(), ["sh", "-c", program], files, files)
        return
    with pytest.raises(FleetError) as refused:
        validate(LocalNode(), ["sh", "-c", program], files, files)
    assert said in refused.value.message


@pytest.mark.parametrize("check", [True, False])
def test_files_that_their_reader_does_not_take(check: bool) -> None:
    host = FakeHost(folders={"/etc"}, refuses="line 1: unknown keyword\n")
    with pytest.raises(
        FleetError, match=r"what validate runs does not take them, nothing was changed; line 1: unknown"
    ):
        run(host, check, files=[a_file()], validate=["keepalived", "-t"])
    assert host.done == []
