# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a host: everything that every run needs in one round trip, and what only this plan needs in a second one.

Neither changes anything. ``rpm-ostree status`` is the only command of rpm-ostree among them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
import typing as t
from dataclasses import replace

from ..errors import CommandError, FleetError
from ..node import Completed, File, Node, Source, content_of, last_line, output_of
from . import layout, parse
from .base import AVAILABLE, NONE, UNKNOWN, rebases
from .layering import difference
from .model import IMAGE, REF, Deployment, Host
from .plan import Answers
from .reference import COMMIT
from .wanted import Wanted

STATUS = ("rpm-ostree", "status", "--json")

_READS: t.Mapping[str, Source] = {
    "booted": "/run/ostree-booted",
    "status": STATUS,
    "layout": layout.ARGV,
    "staged": "/run/ostree/staged-deployment",
    "config": "/etc/rpm-ostreed.conf",
    "cmdline": "/proc/cmdline",
}

_TRIES = 10

# Seconds for a look at a remote or registry; a plan must not wait for a network that does not answer.
_LOOK = 60

# All of them read, and say nothing where they cannot tell.

# ostree remote summary REMOTE lists "* REF" and below it the checksum; the other lines are for people.
_NEWEST_COMMIT = r"""
timeout "$1" ostree remote summary "$2" | while read -r word name _; do
  [ "$word" = "*" ] && ref=$name
  if [ "$ref" = "$3" ] && [ ${#word} -eq 64 ]; then echo "$word"; break; fi
done
"""

# The credentials that rpm-ostree itself uses.
_MANIFEST = r"""
for auth in /run/ostree/auth.json /etc/ostree/auth.json /usr/lib/ostree/auth.json; do
  [ -f "$auth" ] && exec timeout "$1" skopeo inspect --raw --authfile "$auth" "docker://$2"
done
exec timeout "$1" skopeo inspect --raw "docker://$2"
"""

# A deployment with something layered keeps the database of its base beside its own.
_PROVIDED = r"""
for database in "$1/usr/lib/sysimage/rpm-ostree-base-db" "$1/usr/share/rpm" "$1/usr/lib/sysimage/rpm"; do
  [ -d "$database" ] && break
done
shift
query() { rpm --dbpath "$database" -q "$@" >/dev/null 2>&1; }
for package; do
  if query "$package" || query --whatprovides "$package"; then printf '%s\n' "$package"; fi
done
:
"""


def read_host(node: Node, sleep: t.Callable[[float], None] = time.sleep) -> Host:
    """Read the deployments and everything about them, in one round trip.

    The daemon may fail to start while the host boots, so a failure is asked again a few times, as rpm-ostree's own
    client library does.

    :raises FleetError: the host was not booted through OSTree, or rpm-ostree does not answer.
    """
    for _again in range(_TRIES - 1):
        with contextlib.suppress(CommandError):
            return _read_once(node)
        sleep(1)
    return _read_once(node)


def _read_once(node: Node) -> Host:
    found = node.gather(_READS)
    if found["booted"] is None:
        raise FleetError(
            "this host was not booted through OSTree (it has no /run/ostree-booted), so it has no deployments"
        )
    status, cmdline = found["status"], parse.words(content_of(found["cmdline"]))
    if not isinstance(status, Completed):
        raise FleetError("this host has no rpm-ostree, which knows its deployments")
    if status.rc != 0:
        raise CommandError(
            f"rpm-ostree does not say which deployments there are: {last_line(status.stderr)}",
            argv=status.argv,
            rc=status.rc,
            stdout=status.stdout,
            stderr=status.stderr,
            node=node.name,
        )
    host = parse.with_layout(
        parse.status(status.stdout), layout.parse(output_of(found["layout"])), content_of(found["staged"])
    )
    config = parse.daemon_config(content_of(found["config"]))
    return replace(host, config=config, running_kernel_arguments=cmdline)


def ask(node: Node, host: Host, wanted: Wanted) -> Answers:
    """Find out what the plan for this host needs beyond what was read of it. Often that is nothing."""
    questions = _questions(host, wanted)
    found = node.gather(questions) if questions else {}
    arguments = output_of(found.get("kernel_arguments")).split()
    return Answers(
        driver_active=output_of(found.get("driver")).strip() == "active",
        update=_update(host, found),
        provided=frozenset(output_of(found.get("provided")).split()),
        kernel_arguments=layout.without_ostree(tuple(arguments)) if arguments else None,
    )


def _questions(host: Host, wanted: Wanted) -> dict[str, Source]:
    questions: dict[str, Source] = {}
    default = host.default
    layering = difference(default, wanted)
    moves = wanted.upgrade or bool(wanted.version or wanted.checksum) or rebases(default, wanted)
    if wanted.rolled_back:
        return questions
    if host.driver is not None and moves and not wanted.bypass_driver:
        questions["driver"] = ("systemctl", "is-active", host.driver.unit)
    if wanted.upgrade and not rebases(default, wanted):
        questions.update(_update_question(default))
    if layering.install and (moves or layering.overrides or layering.resets):
        folder = f"/ostree/deploy/{default.osname}/deploy/{default.checksum}.{default.serial}"
        questions["provided"] = ("sh", "-c", _PROVIDED, "sh", folder, *layering.install)
    if default.kernel_arguments is None and "kernel_arguments" in wanted.changes():
        questions["kernel_arguments"] = ("rpm-ostree", "kargs")
    return questions


def _update_question(default: Deployment) -> dict[str, Source]:
    """Where the newest commit stands.

    Not ``rpm-ostree upgrade --check``: it compares with the booted deployment, downloads package metadata, moves refs
    in the repository, and is wrong about container images.
    """
    ref, image = default.origin.ref, default.origin.image
    if default.origin.kind == REF and ref is not None and ref.remote is not None:
        return {"commit": ("sh", "-c", _NEWEST_COMMIT, "sh", str(_LOOK), ref.remote, ref.branch)}
    if image is not None and image.digest is None and image.transport == "registry":
        return {"manifest": ("sh", "-c", _MANIFEST, "sh", str(_LOOK), image.name)}
    return {}


def _update(host: Host, found: t.Mapping[str, Completed | File | None]) -> str:
    default = host.default
    image = default.origin.image
    same: bool | None
    if image is not None and image.digest is not None:
        # A reference by digest means one image for ever.
        same = True
    elif default.origin.kind == IMAGE:
        same = _same_image(default.digest, found.get("manifest"))
    else:
        commit = output_of(found.get("commit")).strip()
        same = commit == default.base.checksum if COMMIT.fullmatch(commit) else None
    if same is None:
        return UNKNOWN
    if not same:
        return AVAILABLE
    # With the same base, what is layered may still have updates, and only the transaction finds them.
    return UNKNOWN if default.packages else NONE


def _same_image(digest: str | None, manifest: Completed | File | None) -> bool | None:
    """Whether the registry still has the deployed image under this name; None when that cannot be told.

    The name may stand for an index of images, one for each architecture, and either may be the recorded digest.
    """
    if digest is None or not isinstance(manifest, Completed) or manifest.rc != 0:
        return None
    try:
        document = json.loads(manifest.stdout)
        digests = {each["digest"] for each in document.get("manifests", ())}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    digests.add("sha256:" + hashlib.sha256(manifest.stdout.encode()).hexdigest())
    return digest in digests
