#!/usr/bin/python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: butane
short_description: Translate Butane into Ignition
version_added: 0.1.0
author:
  - evergreen.fleet contributors (@evergreen-fleet)
description:
  - Translates a Butane document, or several fragments that it merges in order, into an Ignition config with C(butane),
    and keeps a file with it.
  - Every finding of C(butane) comes back as data, with the file, line and column of the fragment that it is about.
  - When fragments are merged, mappings merge and lists append. What may exist only once on a node (a path in
    C(storage.files), C(storage.directories) or C(storage.links), a disk, a filesystem, a user, a unit and so on) and a
    single value may be set by one fragment only; setting it again is an error that names both places.
  - A later fragment can say otherwise with a YAML tag. C(!override) in front of any node replaces the earlier one in
    its place. C(!merge) in front of an entry of a list merges it into the earlier entry by the same rules, for example
    to add an SSH key to a user or a drop-in to a unit of another fragment.
  - Fragments that are merged must not disagree about C(variant) and C(version).
options:
  src:
    description:
      - The Butane file, or the files that are merged in this order.
      - Exactly one of O(src), O(content) and O(fragments) is needed.
    type: list
    elements: path
  content:
    description: The Butane document as text.
    type: raw
  fragments:
    description: Files and texts that are merged in this order.
    type: list
    elements: dict
    suboptions:
      src:
        description: A Butane file. Needed when there is no O(fragments[].content).
        type: path
      content:
        description: A Butane text. Needed when there is no O(fragments[].src).
        type: raw
      name:
        description:
          - What messages call the fragment.
          - By default its path, or its position in the list such as V(fragments[1]).
        type: str
  dest:
    description:
      - Where the Ignition config goes. Its folder must exist. The file is replaced atomically.
      - Without it nothing is written and the config is returned as RV(ignition).
    type: path
  mode:
    description:
      - The permissions of O(dest) in octal. The default lets only the owner read it, because an Ignition config holds
        password hashes and keys.
    type: raw
    default: "0600"
  owner:
    description: The user that owns O(dest). Without it a file that is written belongs to the user of the task.
    type: str
  group:
    description: The group that owns O(dest). Without it a file that is written belongs to the group of the task.
    type: str
  files_dir:
    description:
      - The folder below which C(butane) may read the files that a document names with C(local), C(contents_local) and
        the like.
    type: path
  strict:
    description: Whether a warning is an error.
    type: bool
    default: true
  pretty:
    description: Whether the Ignition config is indented.
    type: bool
    default: false
  raw:
    description: Whether variant C(openshift) gives a bare Ignition config instead of a C(MachineConfig).
    type: bool
    default: false
  executable:
    description: The C(butane) to run, a name to look for in E(PATH) or a path.
    type: path
    default: butane
  validate:
    description:
      - Whether C(ignition-validate) checks the result before anything is written.
      - V(auto) does so when it is in E(PATH), and takes one that is too old for the Ignition version as no answer.
      - V(required) fails in both cases. V(never) does not look for it.
    type: str
    choices: [auto, required, never]
    default: auto
  secret_files:
    description:
      - Files of the node whose contents the diff hides, as absolute paths or shell patterns such as V(/etc/app/*.env).
      - A systemd unit is named by the file it becomes, such as V(/etc/systemd/system/app.service).
      - Files that only their owner may read (mode V(0600) and the like), password hashes, LUKS keys, private keys, the
        key part of SSH keys, and logins in URLs are always hidden.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - evergreen.fleet.attributes
requirements:
  - C(butane) 0.15 or later on the machine that the task runs on, usually the controller
  - The Python library ruamel.yaml there, for more than one fragment, for our tags and for variant C(openshift)
notes:
  - In check mode C(butane) and C(ignition-validate) run, because they change nothing; O(dest) is not written.
  - In the diff a hidden value is a number. A value that stays the same keeps its number, one that changes gets another.
"""

EXAMPLES = r"""
- name: One Butane file
  evergreen.fleet.butane:
    src: "{{ playbook_dir }}/butane/edge1.bu"
    dest: /var/lib/fleet/edge1.ign

- name: A base for all hosts, then what the site adds, then the files it embeds
  evergreen.fleet.butane:
    src:
      - "{{ playbook_dir }}/butane/base.bu"
      - "{{ playbook_dir }}/butane/sites/{{ site }}.bu"
    files_dir: "{{ playbook_dir }}/butane/files"
    dest: "/var/lib/fleet/{{ inventory_hostname }}.ign"
    secret_files:
      - /etc/app/*.env
      - /etc/systemd/system/app.service

- name: A file and what belongs to this host alone
  evergreen.fleet.butane:
    fragments:
      - src: "{{ playbook_dir }}/butane/base.bu"
      - name: what is special about {{ inventory_hostname }}
        content: |
          variant: fcos
          version: 1.6.0
          storage:
            files:
              - !override              # base.bu has a hostname, too
                path: /etc/hostname
                mode: 0644
                contents:
                  inline: {{ inventory_hostname }}
          passwd:
            users:
              - !merge                 # adds the key to the user of base.bu
                name: core
                ssh_authorized_keys:
                  - {{ lookup('ansible.builtin.file', '~/.ssh/id_ed25519.pub') }}
    dest: "/var/lib/fleet/{{ inventory_hostname }}.ign"

- name: Only look, and keep the config out of the log
  evergreen.fleet.butane:
    content: "{{ lookup('ansible.builtin.template', 'node.bu.j2') }}"
    strict: false
  register: translated
  no_log: true
"""

RETURN = r"""
dest:
  description: The path of the Ignition config.
  type: str
  returned: success, when O(dest) is set
  sample: /var/lib/fleet/edge1.ign
checksum:
  description:
    - The SHA-256 of the Ignition config.
    - Keep it where only people are who may know the config; whoever knows all but one simple secret of it can find that
      one by trying.
  type: str
  returned: success
  sample: 1c3d9c4bbd4c4d5bd3f0a80a1f6c2f0a8c2ad6ee6b1df2b0f5a3e0fba3c2c1de
ignition:
  description: The Ignition config. It holds every secret of the document; a task that registers it needs C(no_log).
  type: str
  returned: success, when O(dest) is not set
  sample: '{"ignition":{"version":"3.5.0"}}'
ignition_version:
  description: The version of the Ignition specification.
  type: str
  returned: success
  sample: 3.5.0
variant:
  description: The variant of the document.
  type: str
  returned: success
  sample: fcos
version:
  description: The version of the document.
  type: str
  returned: success
  sample: 1.6.0
entries:
  description: Every finding about the configuration, in the order of the tools.
  type: list
  elements: dict
  returned: always, when the configuration was read
  contains:
    severity:
      description: One of V(error), V(warning) and V(info).
      type: str
      sample: error
    message:
      description: What the tool says.
      type: str
      sample: path not absolute
    path:
      description:
        - Where in the document, or V(none). V($) is the document as a whole.
        - With several fragments it counts in the merged document.
      type: str
      sample: $.storage.files.0.path
    file:
      description: The fragment, or V(none).
      type: str
      sample: /home/me/fleet/butane/edge1.bu
    line:
      description: The line in that fragment, or V(none).
      type: int
      sample: 5
    column:
      description: The column in that line, or V(none).
      type: int
      sample: 13
    tool:
      description:
        - Who found it, V(butane), V(ignition-validate) or the module itself, V(evergreen.fleet).
        - Positions of V(ignition-validate) are those in the Ignition config.
      type: str
      sample: butane
steps:
  description: What was done, or in check mode would be done.
  type: list
  elements: dict
  returned: success
  sample:
    - write: /var/lib/fleet/edge1.ign
      reason: the config differs
diff:
  description: The file before and after, contents decoded and secrets hidden.
  type: dict
  returned: success
  sample:
    before: {}
    after:
      mode: "0600"
      ignition:
        ignition:
          version: 3.5.0
"""

import contextlib
import hashlib
import json
import posixpath
import re
import typing as t
from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.butane.model import ConfigError, Fragment
from ..module_utils.butane.output import load
from ..module_utils.butane.plan import Wanted, plan
from ..module_utils.butane.source import compose, decode
from ..module_utils.butane.tools import is_folder, translate, validate
from ..module_utils.errors import FleetError
from ..module_utils.node import File, Node
from ..module_utils.outcome import Plan, serve

ARGUMENT_SPEC: dict[str, t.Any] = {
    "src": {"type": "list", "elements": "path"},
    "content": {"type": "raw", "no_log": True},
    "fragments": {
        "type": "list",
        "elements": "dict",
        "options": {
            "src": {"type": "path"},
            "content": {"type": "raw", "no_log": True},
            "name": {"type": "str"},
        },
        "mutually_exclusive": [("src", "content")],
        "required_one_of": [("src", "content")],
    },
    "dest": {"type": "path"},
    "mode": {"type": "raw", "default": "0600"},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "files_dir": {"type": "path"},
    "strict": {"type": "bool", "default": True},
    "pretty": {"type": "bool", "default": False},
    "raw": {"type": "bool", "default": False},
    "executable": {"type": "path", "default": "butane"},
    "validate": {"type": "str", "choices": ["auto", "required", "never"], "default": "auto"},
    "secret_files": {"type": "list", "elements": "str", "default": [], "no_log": False},
}

# Parts of document paths: what these findings are about is cured outside the document, or not only there.
LOCAL_KEYS = {"local", "contents_local", "ssh_authorized_keys_local"}
HEADER_PATHS = {"$.variant", "$.version"}


def run(node: Node, params: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    option = next(name for name in ("src", "content", "fragments") if params[name] is not None)
    dest, files_dir = params["dest"], params["files_dir"]
    with _naming("mode"):
        mode = _mode(params["mode"])
    with _naming("secret_files"):
        _absolute(params["secret_files"])
    with _naming("files_dir"):
        if files_dir is not None and not is_folder(node, files_dir):
            raise FleetError(f"{files_dir} is not a folder")
    with _naming("dest"):
        current = None if dest is None else _current(node, dest)
    with _naming(option):
        fragments = _fragments(node, option, params[option])

    with _naming(option, ConfigError, files_dir):
        source = compose(fragments)
        flags = [f"--{name}" for name in ("strict", "pretty", "raw") if params[name]]
        flags += [] if files_dir is None else ["--files-dir", files_dir]
        text, entries = translate(node, params["executable"], flags, source)
        output = load(text)
        if params["validate"] != "never":
            entries += validate(node, json.dumps(output.ignition), params["validate"] == "required")
        fatal = {"error", "warning"} if params["strict"] else {"error"}
        if any(entry.severity in fatal for entry in entries):
            raise ConfigError(entries)
    variant, version = source.header()

    content = text.encode()
    todo = Plan()
    if dest is not None:
        secret_files = tuple(params["secret_files"])
        todo = plan(current, Wanted(dest, content, mode, params["owner"], params["group"], secret_files))
    if not check:
        todo.apply(node)
    return {
        **todo.report(),
        **({"ignition": text} if dest is None else {"dest": dest}),
        "checksum": hashlib.sha256(content).hexdigest(),
        "ignition_version": output.version,
        "variant": variant,
        "version": version,
        "entries": [asdict(entry) for entry in entries],
        "warnings": [str(entry) for entry in entries if entry.severity == "warning"],
    }


@contextlib.contextmanager
def _naming(option: str, kind: type[FleetError] = FleetError, files_dir: str | None = None) -> t.Iterator[None]:
    """Errors of this kind inside begin with the option that they are about."""
    try:
        yield
    except kind as exc:
        paths = {entry["path"] or "" for entry in exc.details.get("entries", [])}
        hint = ""
        if any(LOCAL_KEYS & set(path.split(".")) for path in paths):
            hint = f"; files_dir is {files_dir or 'not set'}"
        elif paths & HEADER_PATHS:
            hint = "; give a variant and a version that the installed butane knows, or install a newer one"
        # An inline text has the option as its name.
        name = "" if exc.message.startswith(option) else f"{option}: "
        raise FleetError(f"{name}{exc.message}{hint}", **exc.details) from exc.__cause__


def _mode(value: t.Any) -> int:
    """Permission bits from octal text, or from a number that YAML made of unquoted octal digits."""
    mode = -1
    if isinstance(value, str) and re.fullmatch("[0-7]{3,4}", value):
        mode = int(value, 8)
    elif isinstance(value, int) and not isinstance(value, bool):
        mode = value
    if not 0 <= mode <= 0o777:
        raise FleetError(f"{value} is not a mode; write three or four octal digits in quotes, such as '0600'")
    return mode


def _absolute(patterns: t.Iterable[str]) -> None:
    for pattern in patterns:
        # Anything else never matches, and what it was meant to hide would be shown.
        if not pattern.startswith(("/", "*")):
            raise FleetError(f"{pattern} is not an absolute path; a unit is /etc/systemd/system/NAME")


def _current(node: Node, dest: str) -> File | None:
    current = node.read([dest])[dest]
    folder, name = posixpath.split(dest)
    if not name:
        raise FleetError(f"{dest} is a folder; give the path of a file")
    if current is None and not is_folder(node, folder or "."):
        raise FleetError(f"the folder {folder} does not exist")
    return current


def _fragments(node: Node, option: str, value: t.Any) -> list[Fragment]:
    """The fragments in their order, with the names that messages use."""
    if option == "src":
        given = [{"src": path} for path in value]
    elif option == "content":
        given = [{"content": value, "name": "content"}]
    else:
        given = [{**item, "name": item["name"] or f"fragments[{index}]"} for index, item in enumerate(value)]
    if not given:
        raise FleetError("the list is empty; give at least one Butane document")
    files = node.read([item["src"] for item in given if item.get("src")])
    fragments = []
    for item in given:
        path = item.get("src")
        if path:
            file = files[path]
            if file is None:
                raise FleetError(f"{path} does not exist")
            fragments.append(decode(path, file.content))
        elif isinstance(item["content"], str):
            fragments.append(decode(item["name"], item["content"].encode(errors="surrogatepass")))
        else:
            raise FleetError(f"{item['name']} is not text; write 'content: |' in front of the Butane document")
    return fragments


def main() -> None:
    serve(
        AnsibleModule(
            argument_spec=ARGUMENT_SPEC,
            mutually_exclusive=[("src", "content", "fragments")],
            required_one_of=[("src", "content", "fragments")],
            supports_check_mode=True,
        ),
        run,
    )


if __name__ == "__main__":
    main()
