# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role writes for the agent, used by the agent: over HTTP, with a password, from a server that asks for it."""

from __future__ import annotations

import base64
import functools
import http.server
import json
import os
import subprocess
import sys
import threading
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import AGENT, Site

ROLE = AGENT.parents[1]
PASSWORD = "hunter2: it's $HOME"  # noqa: S105 - that nobody uses

PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars_files: [{role}/defaults/main.yml, {role}/vars/main.yml]
  tasks:
    - ansible.builtin.copy:
        content: "{{{{ __pull_agent_files | to_json }}}}"
        dest: "{folder}/files.json"
        mode: "0600"
"""


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        wanted = "Basic " + base64.b64encode(f"berlin:{PASSWORD}".encode()).decode()
        if self.headers["Authorization"] == wanted:
            super().do_GET()
            return
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="fleet"')
        self.end_headers()

    def log_message(self, *_arguments: t.Any) -> None:
        """Nothing is printed."""


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    handler = functools.partial(Handler, directory=str(site.origin))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/.git"
        server.shutdown()


def written(site: Site, variables: dict[str, t.Any]) -> dict[str, dict[str, t.Any]]:
    """The files of the role by their names."""
    play = site.folder / "play.yml"
    play.write_text(PLAY.format(role=ROLE, folder=site.folder))
    command = [Path(sys.executable).parent / "ansible-playbook", "-e", json.dumps(variables), play]
    environment = {**os.environ, "ANSIBLE_HOME": str(site.folder / "home"), "ANSIBLE_ROLES_PATH": str(ROLE.parent)}
    environment.pop("ANSIBLE_CONFIG", None)
    # Where the lookups of a role look.
    for name in ("files", "templates"):
        (site.folder / name).symlink_to(ROLE / name)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout
    files = json.loads((site.folder / "files.json").read_text())
    return {Path(file["path"]).name: file for file in files}


def test_what_the_role_writes_works(site: Site, address: str) -> None:
    files = written(
        site,
        {
            "pull_agent_repository": address,
            "pull_agent_repository_user": "berlin",
            "pull_agent_repository_password": PASSWORD,
            "pull_agent_inventories": ["site"],
            "pull_agent_allowed_signers": (site.keys.folder / "allowed_signers").read_text().splitlines(),
            "pull_agent_gpg_keys": [(site.keys.folder / "bob.asc").read_text()],
        },
    )
    assert [name for name, file in files.items() if file.get("mode") == "0400"] == ["repository-password"]
    assert files["vault-password"]["state"] == "absent"
    assert PASSWORD not in "".join(file.get("content", "") for file in files.values())
    for name in ("allowed_signers", "gpg-keys.asc", "repository-password"):
        (site.folder / name).write_text(files[name].get("content") or files[name]["secret_content"])
    there = files["config.json"]["content"].replace("/etc/evergreen-fleet/pull-agent", str(site.folder))
    config = json.loads(there)
    assert config.pop("command") == ["ansible-playbook", "--inventory=site", "evergreen.fleet.rollout"]
    site.options = {**config, "state": str(site.state), "environment": {"LOG": str(site.log)}}

    for signer in ("alice", "bob"):
        site.commit(signer, signer)
        site.git("update-server-info")
        assert site.run() == 0, site.status()["reason"]
    assert site.plays() == ["alice", "bob"]

    (site.folder / "repository-password").write_text("username=berlin\npassword=wrong\n")
    assert site.run() == 1
    assert site.outcome() == "unavailable"
    assert PASSWORD not in site.printed
