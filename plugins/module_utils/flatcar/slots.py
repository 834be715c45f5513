# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two system partitions: which one runs, which one boots next, and which one is the older."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

# The label of the partitions, what is mounted and what stands in the partition table. With "versions" it looks into
# the slot that does not run, in a mount namespace of its own that ends with it.
SCRIPT = r"""
booted=$(rootdev -s /usr) || exit
folder=$(readlink -f "/sys/class/block/${booted##*/}") || exit
disk=${folder%/*} disk=${disk##*/}
echo "booted $(cat "$folder/partition")"
for each in "${folder%/*}"/*/partition; do
  device=${each%/partition} device=/dev/${device##*/}
  echo "device $(cat "$each") $device"
  case "$1 $(lsblk -ndo PARTLABEL "$device")" in "versions USR-"*)
    [ "$device" = "$booted" ] || unshare -m sh -c '
      mount -o ro "$1" /mnt && sed -n "s/^VERSION=/version $2 /p" /mnt/lib/os-release
    ' sh "$device" "$(cat "$each")" 2>/dev/null ;;
  esac
done
cgpt show "/dev/$disk"
"""


def argv(*, versions: bool) -> tuple[str, ...]:
    return ("sh", "-c", SCRIPT, "sh", "versions" if versions else "")


_PARTITION = re.compile(r'\s*\d+\s+\d+\s+(?P<number>\d+)\s+Label: "(?P<label>[^"]*)"')
_ATTRIBUTES = re.compile(r"\s*Attr: .*priority=(?P<priority>\d+) tries=(?P<tries>\d+) successful=(?P<successful>[01])")


@dataclass(frozen=True)
class Slot:
    """One of the partitions USR-A and USR-B. The boot loader takes a try with every boot until it is successful."""

    label: str
    number: int
    priority: int
    tries: int
    successful: bool
    device: str = ""
    booted: bool = False
    version: str | None = None
    """None when nobody has looked or could."""

    @property
    def bootable(self) -> bool:
        return self.priority > 0 and (self.successful or self.tries > 0)


def parse(output: str, version: str | None) -> tuple[Slot, ...]:
    """What the script printed; without slots when the node does not tell.

    :arg version: that of the system that runs.
    """
    booted = None
    devices: dict[int, str] = {}
    versions: dict[int, str] = {}
    found: list[Slot] = []
    partition = None
    for line in output.splitlines():
        words = line.split()
        if words[:1] == ["booted"] and len(words) == 2:
            booted = int(words[1])
        elif words[:1] == ["device"] and len(words) == 3:
            devices[int(words[1])] = words[2]
        elif words[:1] == ["version"] and len(words) == 3:
            versions[int(words[1])] = words[2].strip("'\"")
        elif _PARTITION.match(line):
            partition = _PARTITION.match(line)
        attributes = _ATTRIBUTES.match(line)
        # Only the slots have these.
        if attributes and partition:
            number = int(partition["number"])
            runs = number == booted
            found.append(
                Slot(
                    partition["label"],
                    number,
                    int(attributes["priority"]),
                    int(attributes["tries"]),
                    attributes["successful"] == "1",
                    devices.get(number, ""),
                    runs,
                    version if runs else versions.get(number),
                )
            )
    return tuple(found)


def following(slots: t.Iterable[Slot]) -> Slot | None:
    """The slot that boots next: of the bootable ones that with the highest priority, and the first of equals."""
    bootable = [slot for slot in slots if slot.bootable]
    return max(bootable, key=lambda slot: slot.priority) if bootable else None


def order(version: str) -> tuple[int, ...]:
    """To compare versions by."""
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("+")[0]))
