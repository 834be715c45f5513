# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kernel arguments as wanted, and the options of ``rpm-ostree kargs`` that lead there.

One key may stand several times (``console=tty0 console=ttyS0``) and the order counts: the last console is /dev/console.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..errors import FleetError


@dataclass(frozen=True)
class KernelArguments:
    """What must be there, what must not, and which keys have exactly one value.

    ``present`` compares the whole ``key=value``; ``absent`` does too, but without a value it means the key with
    whatever value.
    """

    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    replaced: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_params(cls, params: t.Mapping[str, t.Any]) -> KernelArguments:
        """:raises FleetError: an argument that cannot be one, or two wishes that contradict each other."""
        wanted = cls(
            present=tuple(dict.fromkeys(params.get("present") or ())),
            absent=tuple(dict.fromkeys(params.get("absent") or ())),
            replaced=tuple((str(key), _value(key, value)) for key, value in (params.get("replaced") or {}).items()),
        )
        for argument in (*wanted.present, *wanted.absent, *(f"{key}={value}" for key, value in wanted.replaced)):
            _check(argument)
        for key, value in wanted.replaced:
            if "=" in key:
                raise FleetError(
                    f"kernel_arguments: {key!r} in replaced is no key; write the part before the equals sign"
                )
            others = [argument for argument in wanted.present if _key(argument) == key and argument != f"{key}={value}"]
            if others:
                raise FleetError(
                    f"kernel_arguments: {key} is wanted as {others[0]!r} in present and with the only value {value!r} "
                    "in replaced; keep one of them"
                )
        kept = (*wanted.present, *(f"{key}={value}" for key, value in wanted.replaced))
        for argument in kept:
            if any(_matches(argument, absent) for absent in wanted.absent):
                raise FleetError(f"kernel_arguments: {argument!r} is wanted both present and absent; keep one of them")
        return wanted

    def options(self, current: tuple[str, ...]) -> tuple[str, ...]:
        """The options that change ``current`` into what is wanted; none when it is that already.

        ``--append``, ``--delete`` and ``--replace`` always count as a change, and ``--replace=KEY=OLD=NEW`` cannot tell
        where a value with an equals sign ends. The other two compare the whole argument, so each value is named.
        """
        surplus, missing = self._difference(current)
        return (
            *(f"--delete-if-present={argument}" for argument in surplus),
            *(f"--append-if-missing={argument}" for argument in missing),
        )

    def result(self, current: tuple[str, ...]) -> tuple[str, ...]:
        """What the kernel is started with after these options."""
        surplus, missing = self._difference(current)
        arguments = list(current)
        for argument in surplus:
            arguments.remove(argument)
        return (*arguments, *missing)

    def _difference(self, current: tuple[str, ...]) -> tuple[list[str], list[str]]:
        single = {f"{key}={value}" for key, value in self.replaced}
        keys = {key for key, _value in self.replaced}
        surplus: list[str] = []
        kept: list[str] = []
        for argument in current:
            replaced = _key(argument) in keys and (argument not in single or argument in kept)
            absent = any(_matches(argument, each) for each in self.absent)
            (surplus if replaced or absent else kept).append(argument)
        wanted = (*(f"{key}={value}" for key, value in self.replaced), *self.present)
        return surplus, [argument for argument in dict.fromkeys(wanted) if argument not in kept]


def _value(key: str, value: t.Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise FleetError(f"kernel_arguments: the value of {key} in replaced is no text; write it in quotes")
    return str(value)


def _key(argument: str) -> str:
    return argument.partition("=")[0]


def _matches(argument: str, absent: str) -> bool:
    return argument == absent if "=" in absent else _key(argument) == absent


def _check(argument: str) -> None:
    if not argument or argument.startswith(("=", "-")) or any(character.isspace() for character in argument):
        raise FleetError(
            f"kernel_arguments: {argument!r} is no kernel argument; write key or key=value, without blanks, one an item"
        )
    if _key(argument) == "ostree":
        raise FleetError("kernel_arguments: ostree= is set by libostree for each deployment; leave it out")
