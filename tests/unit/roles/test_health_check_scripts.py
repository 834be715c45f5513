# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The library of health checks: every script is really run, by dash and as greenboot does by bash.

The programs of a node are shell scripts in a folder that comes first in PATH.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.evergreen.fleet.plugins.filter.health_checks import FilterModule
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.plugin_utils.health_checks import health_checks

FOLDER = Path(__file__).parents[3] / "roles" / "health_checks" / "files" / "checks"
SHELLS = (["dash"], ["bash", "-C"])
HANGS = "sleep 60"
# The real one, but nothing may take longer than a moment.
IMPATIENT = 'shift 2; exec /usr/bin/timeout -k 1 0.3 "$@"'


def script(**check: t.Any) -> str:
    (made,) = health_checks([check], str(FOLDER))
    return str(made["content"])


@pytest.fixture(params=SHELLS, ids=lambda shell: shell[0])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> t.Callable[..., subprocess.CompletedProcess[str]]:
    shell = request.param
    if shutil.which(shell[0]) is None:
        pytest.skip(f"this machine has no {shell[0]}")

    def runs(content: str, **programs: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "bin").mkdir()
        for name, body in programs.items():
            path = tmp_path / "bin" / name.replace("_", "-")
            path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
            path.chmod(0o755)
        (tmp_path / "check.sh").write_text(content, encoding="utf-8")
        return subprocess.run(
            [*shell, tmp_path / "check.sh"],
            env={"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "COUNT": str(tmp_path / "count")},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    return runs


# Succeeds on the second call only.
SECOND = 'echo >>"$COUNT"; [ "$(wc -l <"$COUNT")" -ge 2 ]'
PODMAN = "case $1 in inspect) echo {running} ;; healthcheck) exit {code} ;; esac"
RPM_OSTREE = """
case $3 in
  '$.deployments[*].booted') echo '[ {booted} ]' ;;
  *'.container-image-reference') echo '[{reference}]' ;;
  *'[{index}].gpg-enabled') echo '[ {gpg} ]' ;;
  *'[{index}].signatures[*][0]') echo '[ {valid} ]' ;;
  *'[{index}].base-checksum') echo '[ "abc" ]' ;;
  *) echo '[]' ;;
esac"""


def rpm_ostree(
    booted: str = "true", reference: str = "", gpg: str = "true", valid: str = "true", index: int = 0
) -> dict[str, str]:
    return {"rpm_ostree": RPM_OSTREE.format(booted=booted, reference=reference, gpg=gpg, valid=valid, index=index)}


# What is checked, what the programs of the node do, and the line that says what is wrong ("" when nothing is).
CASES: dict[str, tuple[dict[str, t.Any], dict[str, str], str]] = {
    "dns": ({"check": "dns", "hosts": ["a.example", "b.example"]}, {"getent": '[ "$1" = ahosts ]'}, ""),
    "dns: one does not": (
        {"check": "dns", "hosts": "a.example b.example", "timeout": 0},
        {"getent": '[ "$2" = a.example ]'},
        "b.example does not resolve",
    ),
    "dns: later": ({"check": "dns", "hosts": ["a.example"], "timeout": 5}, {"getent": SECOND}, ""),
    "dns: hangs": (
        {"check": "dns", "hosts": ["a.example"], "timeout": 0},
        {"getent": HANGS, "timeout": IMPATIENT},
        "a.example does not resolve",
    ),
    "route": ({"check": "default_route"}, {"ip": '[ "$1" = -6 ] || echo default via 192.0.2.1 dev e proto dhcp'}, ""),
    "route: IPv6": (
        {"check": "default_route", "family": "ipv6"},
        {"ip": '[ "$1" = -4 ] || echo default via fe80::1 dev e'},
        "",
    ),
    "route: only the other family": (
        {"check": "default_route", "family": "ipv4", "timeout": 0},
        {"ip": '[ "$1" = -4 ] || echo default via fe80::1 dev e'},
        "there is no default route",
    ),
    "route: unreachable": (
        {"check": "default_route", "timeout": 0},
        {"ip": "echo unreachable default dev lo metric 4294967295"},
        "there is no default route",
    ),
    "route: none": ({"check": "default_route", "timeout": 0}, {"ip": "exit 1"}, "there is no default route"),
    "time": ({"check": "time_synchronised"}, {"timedatectl": "echo yes"}, ""),
    "time: not": ({"check": "time_synchronised", "timeout": 0}, {"timedatectl": "echo no"}, "not synchronised"),
    "time: nonsense": ({"check": "time_synchronised", "timeout": 0}, {"timedatectl": "exit 1"}, "not synchronised"),
    "disk": (
        {"check": "disk_space", "path": "/a b'c"},
        {"df": '[ "$4" = "/a b\'c" ] && echo Avail && echo " 512"'},
        "",
    ),
    "disk: full": (
        {"check": "disk_space", "free_mib": 100},
        {"df": "echo Avail; echo '   99'"},
        "/var has 99 MiB free, less than 100",
    ),
    "disk: nonsense": ({"check": "disk_space"}, {"df": "echo Avail; echo -"}, "df cannot tell"),
    "disk: hangs": ({"check": "disk_space"}, {"df": HANGS, "timeout": IMPATIENT}, "df cannot tell"),
    "unit": ({"check": "unit", "unit": "x.service"}, {"systemctl": '[ "$3" = x.service ] && echo active'}, ""),
    "unit: failed is final": (
        {"check": "unit", "unit": "x.service", "timeout": 60},
        {"systemctl": "echo failed; exit 3"},
        "x.service is failed",
    ),
    "unit: starts": (
        {"check": "unit", "unit": "x.service"},
        {"systemctl": f"{SECOND} && echo active || echo activating"},
        "",
    ),
    "unit: nonsense": (
        {"check": "unit", "unit": "x.service", "timeout": 0},
        {"systemctl": "exit 4"},
        "x.service is in no state",
    ),
    "unit: stays": (
        {"check": "unit", "unit": "x.service", "stable": 1},
        {"systemctl": "case $1 in show) echo 3 ;; *) echo active ;; esac"},
        "",
    ),
    "unit: starts again and again": (
        {"check": "unit", "unit": "x.service", "stable": 1},
        {"systemctl": 'case $1 in show) echo >>"$COUNT"; wc -l <"$COUNT" ;; *) echo active ;; esac'},
        "x.service was started again within 1 s",
    ),
    "container": ({"check": "container", "container": "web"}, {"podman": PODMAN.format(running="true", code=0)}, ""),
    "container: no health command": (
        {"check": "container", "container": "web"},
        {"podman": PODMAN.format(running="true", code=125)},
        "",
    ),
    "container: not healthy": (
        {"check": "container", "container": "web", "timeout": 0},
        {"podman": PODMAN.format(running="true", code=1)},
        "container web is not healthy",
    ),
    "container: stopped": (
        {"check": "container", "container": "web", "timeout": 0},
        {"podman": PODMAN.format(running="false", code=0)},
        "container web does not run",
    ),
    "container: unknown": (
        {"check": "container", "container": "web", "timeout": 0},
        {"podman": "exit 125"},
        "container web does not run",
    ),
    "container: of a user": (
        {"check": "container", "container": "web", "user": "nobody"},
        {"runuser": 'shift 3; exec "$@"', "podman": '[ -n "$XDG_RUNTIME_DIR" ] && echo true'},
        "",
    ),
    "container: docker": (
        {"check": "container", "container": "web", "engine": "docker"},
        {"docker": "case $2 in --type*) echo true ;; *) echo healthy ;; esac"},
        "",
    ),
    "container: docker, starting": (
        {"check": "container", "container": "web", "engine": "docker", "timeout": 0},
        {"docker": "case $2 in --type*) echo true ;; *) echo starting ;; esac"},
        "container web is not healthy",
    ),
    "http": ({"check": "http", "url": "http://x/"}, {"curl": r"printf 'hello\n204'"}, ""),
    "http: another status": (
        {"check": "http", "url": "http://x/", "timeout": 0},
        {"curl": r"printf 'moved\n301'"},
        "http://x/ answers with status 301",
    ),
    "http: the wanted status": ({"check": "http", "url": "http://x/", "status": 401}, {"curl": r"printf '\n401'"}, ""),
    "http: not the wanted status": (
        {"check": "http", "url": "http://x/", "status": 401, "timeout": 0},
        {"curl": r"printf '\n200'"},
        "answers with status 200",
    ),
    "http: text": (
        {"check": "http", "url": "http://x/", "contains": "it's $HOME *\nfine"},
        {"curl": "printf '<p>%s\\n%s</p>\\n200' \"it's \\$HOME *\" fine"},
        "",
    ),
    "http: another text": (
        {"check": "http", "url": "http://x/", "contains": "version 2", "timeout": 0},
        {"curl": r"printf 'version 1\n200'"},
        "answers without the text",
    ),
    "http: refused": (
        {"check": "http", "url": "http://x/", "timeout": 0},
        {"curl": r"printf '\n000'; exit 7"},
        "http://x/ does not answer (curl ended with 7)",
    ),
    "http: hangs": (
        {"check": "http", "url": "http://x/", "timeout": 0},
        {"curl": HANGS, "timeout": IMPATIENT},
        "http://x/ does not answer (curl ended with 124)",
    ),
    "http: comes up": (
        {"check": "http", "url": "http://x/"},
        {"curl": SECOND + r" || exit 7; printf '\n200'"},
        "",
    ),
    "http: an address is one word": (
        {"check": "http", "url": "http://x/'$(touch${IFS}/nowhere)'"},
        {"curl": 'shift $(($# - 1)); [ "$1" = "http://x/\'\\$(touch\\${IFS}/nowhere)\'" ] && printf "\\n200"'},
        "",
    ),
    "package": ({"check": "package", "packages": ["zsh", "strace"]}, {"rpm": '[ "$1" = --query ]'}, ""),
    "package: missing": (
        {"check": "package", "packages": ["zsh", "strace"]},
        {"rpm": '[ "$4" = zsh ]'},
        "the package strace is not there",
    ),
    "signature": ({"check": "signature"}, rpm_ostree(), ""),
    "signature: of the one that runs": (
        {"check": "signature"},
        rpm_ostree(booted="false, true,\n false", index=1),
        "",
    ),
    "signature: none good": ({"check": "signature"}, rpm_ostree(valid="false"), "has no good signature"),
    "signature: none": ({"check": "signature"}, rpm_ostree(valid=""), "has no good signature"),
    "signature: not asked for": ({"check": "signature"}, rpm_ostree(gpg="false"), "does not verify signatures"),
    "signature: of an image": (
        {"check": "signature"},
        rpm_ostree(reference='"ostree-image-signed:docker://r.example/os:1"', gpg="", valid=""),
        "",
    ),
    "signature: of an image that is not verified": (
        {"check": "signature"},
        rpm_ostree(reference='"ostree-unverified-registry:r.example/os:1"'),
        "the image that runs is not verified",
    ),
    "signature: ed25519": (
        {"check": "signature", "ed25519_keys": "/etc/keys a"},
        {**rpm_ostree(), "ostree": '[ "$4 $5" = "--keys-file=/etc/keys a abc" ]'},
        "",
    ),
    "signature: not by that key": (
        {"check": "signature", "ed25519_keys": "/etc/keys"},
        {**rpm_ostree(), "ostree": "exit 1"},
        "the commit that runs, abc, has no signature by a key of /etc/keys",
    ),
    "signature: nonsense": ({"check": "signature"}, {"rpm_ostree": "exit 1"}, "does not tell which deployment runs"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_check(
    run: t.Callable[..., subprocess.CompletedProcess[str]], case: tuple[dict[str, t.Any], dict[str, str], str]
) -> None:
    check, programs, wrong = case
    result = run(script(**check), **programs)
    assert (result.returncode == 0) == (wrong == ""), result.stderr
    if wrong:
        (line,) = result.stderr.splitlines()
        assert wrong in line


UPDATE_SERVERS = {
    "url=https://ostree.example/repo\n# url=https://no.example/\ncontenturl=mirrorlist=https://m.example:8443/l\n": [
        "m.example",
        "ostree.example",
    ],
    "SERVER=http://u@nebraska.example/v1/update/": ["nebraska.example"],
    "url=file:///srv\nurl=http://[2001:db8::1]/\nGROUP=stable\n": [],
    "": [],
}


@pytest.mark.parametrize("case", UPDATE_SERVERS.items(), ids=lambda case: case[0][:20])
def test_update_servers_of_the_host(
    run: t.Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, case: tuple[str, list[str]]
) -> None:
    settings, hosts = case
    (tmp_path / "x.conf").write_text(settings, encoding="utf-8")
    content = script(check="dns", timeout=0)
    for path in ("/etc/ostree/remotes.d", "/ostree/repo", "/etc/flatcar", "/usr/share/flatcar"):
        assert path in content
        content = content.replace(path, str(tmp_path) if "remotes" in path else "/nowhere")
    result = run(content, getent='echo "$2" >>"$COUNT"')
    assert (result.returncode == 0) == bool(hosts)
    if hosts:
        assert sorted((tmp_path / "count").read_text(encoding="utf-8").split()) == hosts
    else:
        assert "no update server is set up" in result.stderr


def test_a_package_of_debian(run: t.Callable[..., subprocess.CompletedProcess[str]]) -> None:
    if shutil.which("rpm"):
        pytest.skip("this machine has rpm")
    query = '[ "$4" = zsh ] && printf installed'
    assert run(script(check="package", packages=["zsh"]), dpkg_query=query).returncode == 0


NAMES: dict[str, tuple[dict[str, t.Any], tuple[str, int, int]]] = {
    "kind": ({"check": "dns"}, ("dns", 50, 150)),
    "the first parameter": (
        {"check": "unit", "unit": "sshd@a.service", "stable": 20},
        ("unit-sshd-a-service", 50, 170),
    ),
    "given": ({"check": "disk_space", "path": "/", "name": "root", "order": 5}, ("root", 5, 90)),
    "own": ({"name": "mine", "content": "exit 0\n"}, ("mine", 50, 300)),
    "own, limited": ({"name": "mine", "content": "x", "timeout": 5, "check": None}, ("mine", 50, 5)),
}


@pytest.mark.parametrize("case", NAMES.values(), ids=NAMES.keys())
def test_name_order_and_limit(case: tuple[dict[str, t.Any], tuple[str, int, int]]) -> None:
    check, wanted = case
    (made,) = health_checks([check], str(FOLDER))
    assert (made["name"], made["order"], made["timeout"]) == wanted


REFUSALS: dict[str, tuple[list[dict[str, t.Any]], str]] = {
    "nothing": ([{}], "check 1: needs check, or name and content"),
    "unknown": ([{"check": "dns"}, {"check": "ping"}], "check 2: there is no check ping, only container"),
    "no unit": ([{"check": "unit"}], "check 1, unit: needs unit"),
    "no packages": ([{"check": "package", "packages": []}], "check 1, package: needs packages"),
    "no type": ([{"check": "unit", "unit": "sshd"}], "unit cannot be 'sshd'"),
    "not its parameter": ([{"check": "dns", "url": "x", "name": "n"}], "check 1 (n), dns: does not take url"),
    "own with a parameter": ([{"name": "n", "content": "x", "url": "x"}], "check 1 (n): does not take url"),
    "host": ([{"check": "dns", "hosts": ["-x"]}], "hosts cannot be '-x'"),
    "family": ([{"check": "default_route", "family": "v4"}], "family cannot be 'v4'"),
    "number": ([{"check": "disk_space", "free_mib": "1G"}], "free_mib must be a number from 1 on, not '1G'"),
    "negative": ([{"check": "dns", "timeout": -1}], "timeout must be a number from 0 on, not -1"),
    "url": ([{"check": "http", "url": "ftp://x"}], "url cannot be 'ftp://x'"),
    "container": ([{"check": "container", "container": "--all"}], "container cannot be '--all'"),
    "twins": ([{"check": "dns"}, {"check": "dns"}], "two checks are called dns"),
    "name": ([{"check": "dns", "name": "../x"}], "its name must have letters"),
    "name with .sh": ([{"name": "x.sh", "content": "x"}], "its name must have letters"),
}


@pytest.mark.parametrize("case", REFUSALS.values(), ids=REFUSALS.keys())
def test_refusals(case: tuple[list[dict[str, t.Any]], str]) -> None:
    checks, words = case
    with pytest.raises(FleetError) as refused:
        health_checks(checks, str(FOLDER))
    assert words in str(refused.value)


def test_files_of_greenboot() -> None:
    greenboot_files = FilterModule().filters()["greenboot_files"]
    checks = health_checks([{"check": "dns", "order": 1}], str(FOLDER))
    files = greenboot_files(
        {"required_checks": checks, "red_scripts": [{"name": "log", "content": "date >>/root/log"}]}
    )
    assert [(file["path"], file["mode"]) for file in files] == [
        ("/etc/greenboot/check/required.d/01_dns.sh", "0755"),
        ("/etc/greenboot/red.d/50_log.sh", "0755"),
    ]
    assert "getent" in files[0]["content"]
    assert files[0]["content"].startswith("#!/bin/sh\n")
    with pytest.raises(AnsibleFilterError, match=r"greenboot_files: red_scripts\[0\]\.name"):
        greenboot_files({"red_scripts": [{"name": "../log", "content": "x"}]})


def test_the_filter_says_one_sentence() -> None:
    with pytest.raises(AnsibleFilterError, match="health_checks: check 1: there is no check ping"):
        FilterModule().filters()["health_checks"]([{"check": "ping"}], str(FOLDER))
