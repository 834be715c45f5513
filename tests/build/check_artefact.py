# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at the collection as a user gets it: installed from its tarball, nothing else on the collections path.

Fails when a file is there that a user does not need, and when ansible-doc cannot render a plugin or role.
Usage: check_artefact.py FOLDER (what ``ansible-galaxy collection install --collections-path`` was given)
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SHIPPED = {
    "CHANGELOG.md",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "changelogs",
    "docs",
    "meta",
    "playbooks",
    "plugins",
    "roles",
}
# The folder below plugins/ of every kind that ansible-doc renders; the others hold no documentation.
KINDS = {
    "become": "become",
    "callback": "callback",
    "connection": "connection",
    "filter": "filter",
    "inventory": "inventory",
    "lookup": "lookup",
    "modules": "module",
    "test": "test",
    "vars": "vars",
}


def main(installed: str) -> int:
    root = Path(installed) / "ansible_collections" / "evergreen" / "fleet"
    problems = [f"not for users, yet in the artefact: {name}" for name in sorted(set(os.listdir(root)) - SHIPPED)]
    rendered = 0
    for kind, name in documented(root):
        shown = ansible_doc(installed, kind, f"evergreen.fleet.{name}")
        # ansible-doc ends with 0 for a name that it only warns about.
        if shown.returncode != 0 or f"evergreen.fleet.{name}" not in shown.stdout or shown.stderr.strip():
            problems.append(f"ansible-doc cannot render the {kind} {name}:\n{shown.stderr.strip() or shown.stdout}")
        else:
            rendered += 1
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"ansible-doc rendered {rendered} plugins and roles of the installed collection")
    return 1 if problems else 0


def documented(root: Path) -> list[tuple[str, str]]:
    """Kind and name of everything that has to have documentation."""
    plugins = [
        (kind, path.stem)
        for folder, kind in KINDS.items()
        for path in (root / "plugins" / folder).glob("*.*")
        if path.suffix in {".py", ".yml"} and path.stem != "__init__"
    ]
    roles = [("role", path.name) for path in (root / "roles").glob("*") if path.is_dir()]
    return sorted(plugins + roles)


def ansible_doc(installed: str, kind: str, name: str) -> subprocess.CompletedProcess[str]:
    # Outside the clone and without its configuration: as on a user's machine.
    environment = {key: value for key, value in os.environ.items() if key != "ANSIBLE_CONFIG"}
    return subprocess.run(
        ["ansible-doc", "--type", kind, name],
        env={**environment, "ANSIBLE_COLLECTIONS_PATH": installed},
        cwd=installed,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
