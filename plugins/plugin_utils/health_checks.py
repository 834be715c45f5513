# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the checks that a user names to the scripts that a node runs.

A script is the parameters as assignments of the shell, then files/checks/common.sh of the role health_checks, then the
file of the check. So nothing of a user's value is ever anything but a quoted word.
"""

from __future__ import annotations

import re
import shlex
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError

Check = t.Mapping[str, t.Any]

DEFAULT_LIMIT = 300
"""Seconds that a check of the user's own may take."""

# What a check may take beyond the time that it waits: the last try of the slowest one.
_GRACE = 90

_PROBLEM = "{where}: {what}; ansible-doc -t role evergreen.fleet.health_checks says which parameters each check has"


@dataclass(frozen=True)
class Parameter:
    """``default`` None: it must be given. ``words`` is a list, each of which must match ``pattern``."""

    default: str | int | None = None
    number: bool = False
    words: bool = False
    pattern: str = r"[\s\S]+"
    least: int = 0


_HOST = Parameter("", words=True, pattern=r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")
_PACKAGE = Parameter(words=True, pattern=r"[A-Za-z0-9][A-Za-z0-9._+:~^-]*")


def _wait(seconds: int) -> Parameter:
    return Parameter(seconds, number=True)


# The first parameter of each kind tells two of the kind apart.
KINDS: dict[str, dict[str, Parameter]] = {
    "dns": {"hosts": _HOST, "timeout": _wait(60)},
    "default_route": {"family": Parameter("any", pattern="any|ipv4|ipv6"), "timeout": _wait(60)},
    "time_synchronised": {"timeout": _wait(180)},
    # Not /: on a system with composefs that is always full.
    "disk_space": {"path": Parameter("/var", pattern=r"/[\s\S]*"), "free_mib": Parameter(512, number=True, least=1)},
    "unit": {
        "unit": Parameter(pattern=r"[A-Za-z0-9:_.\\@-]+\.[a-z]+"),
        "stable": Parameter(0, number=True),
        "timeout": _wait(60),
    },
    "container": {
        "container": Parameter(pattern=r"[A-Za-z0-9][A-Za-z0-9_.-]*"),
        "user": Parameter("root", pattern=r"[A-Za-z0-9_][A-Za-z0-9_.-]*"),
        "engine": Parameter("podman", pattern="podman|docker"),
        "timeout": _wait(120),
    },
    "http": {
        "url": Parameter(pattern=r"https?://\S+"),
        "status": Parameter("", number=True, least=100),
        "contains": Parameter("", pattern=r"[\s\S]*"),
        "ca_file": Parameter("", pattern=r"(?:/[\s\S]+)?"),
        "timeout": _wait(60),
    },
    "package": {"packages": _PACKAGE},
    "signature": {"ed25519_keys": Parameter("", pattern=r"(?:/[\s\S]+)?")},
}

_COMMON = frozenset({"check", "name", "order"})
_OWN = frozenset({"name", "order", "content", "timeout"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]*(?:\.[A-Za-z0-9_+-]+)*")


def health_checks(checks: t.Sequence[Check], folder: str) -> list[dict[str, t.Any]]:
    """For each check its ``name``, ``order``, ``content`` and ``timeout``, as the module greenboot takes them.

    :arg folder: where the files of the checks are.
    :raises FleetError: a check that cannot be made.
    """
    scripts = [_script(f"check {number}", check, Path(folder)) for number, check in enumerate(checks, 1)]
    names = [script["name"] for script in scripts]
    for name in names:
        if names.count(name) > 1:
            raise FleetError(f"two checks are called {name}; give one of them another name")
    return scripts


def _script(where: str, check: Check, folder: Path) -> dict[str, t.Any]:
    given = {key: value for key, value in check.items() if value is not None}
    where = f"{where} ({given['name']})" if given.get("name") else where
    if "check" in given:
        made = _of_the_library(where, given, folder)
    elif {"name", "content"} <= set(given):
        _refuse_unknown(where, given, _OWN)
        limit = _number(where, "timeout", given.get("timeout", DEFAULT_LIMIT), 0)
        made = {"name": given["name"], "content": given["content"], "timeout": limit}
    else:
        raise FleetError(_PROBLEM.format(where=where, what="needs check, or name and content"))
    if not _NAME.fullmatch(str(made["name"])) or str(made["name"]).endswith(".sh"):
        raise FleetError(f"{where}: its name must have letters, digits, _ + - and single dots only, and not end in .sh")
    order = _number(where, "order", given.get("order", 50), 0)
    return {**made, "order": order}


def _of_the_library(where: str, given: Check, folder: Path) -> dict[str, t.Any]:
    kind = given["check"]
    if kind not in KINDS:
        raise FleetError(
            _PROBLEM.format(where=where, what=f"there is no check {kind}, only {', '.join(sorted(KINDS))}")
        )
    parameters = KINDS[kind]
    _refuse_unknown(f"{where}, {kind}", given, _COMMON | set(parameters))
    values = {name: _value(f"{where}, {kind}", name, each, given) for name, each in parameters.items()}
    first = next(iter(parameters))
    name = given.get("name") or (f"{kind}-{_slug(values[first])}" if first in given and first != "timeout" else kind)
    lines = [
        "#!/bin/sh",
        f"# {name}: the check {kind} of the role evergreen.fleet.health_checks",
        *(f"{parameter}={shlex.quote(value)}" for parameter, value in values.items()),
        "",
        _body(folder / "common.sh"),
        _body(folder / f"{kind}.sh"),
    ]
    return {"name": name, "content": "\n".join(lines), "timeout": _limit(values)}


def _limit(values: t.Mapping[str, str]) -> int:
    return int(values.get("timeout", 0)) + int(values.get("stable", 0)) + _GRACE


def _value(where: str, name: str, parameter: Parameter, given: Check) -> str:
    value = given.get(name, parameter.default)
    if value is None:
        raise FleetError(_PROBLEM.format(where=where, what=f"needs {name}"))
    if parameter.number and value != "":
        return str(_number(where, name, value, parameter.least))
    if parameter.words:
        words = value.split() if isinstance(value, str) else [str(word) for word in value]
        if parameter.default is None and not words:
            raise FleetError(_PROBLEM.format(where=where, what=f"needs {name}"))
        for word in words:
            _match(where, name, word, parameter)
        return " ".join(words)
    return _match(where, name, str(value), parameter) if value != parameter.default else str(value)


def _match(where: str, name: str, value: str, parameter: Parameter) -> str:
    if not re.fullmatch(parameter.pattern, value) or "\0" in value:
        raise FleetError(_PROBLEM.format(where=where, what=f"{name} cannot be {value!r}"))
    return value


def _number(where: str, name: str, value: t.Any, least: int) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,6}", str(value)) or int(value) < least:
        raise FleetError(_PROBLEM.format(where=where, what=f"{name} must be a number from {least} on, not {value!r}"))
    return int(value)


def _refuse_unknown(where: str, given: Check, known: t.Collection[str]) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise FleetError(_PROBLEM.format(where=where, what=f"does not take {', '.join(unknown)}"))


def _slug(value: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", value).strip("-")[:60].strip("-")


def _body(path: Path) -> str:
    """A file without what stands above its first empty line: whose it is, and hints for shellcheck."""
    _head, _empty, body = path.read_text(encoding="utf-8").partition("\n\n")
    return body
