# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module from its parameters to its result, against recorded and real runs of butane."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import CommandError, FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed, File, LocalNode
from ansible_collections.evergreen.fleet.plugins.modules import butane

FIXTURES = Path(__file__).parents[4].parent / "shared" / "fixtures" / "butane" / "cases"
RECORDED = json.loads((FIXTURES / "recorded.json").read_text()) if FIXTURES.is_dir() else {}
needs_recordings = pytest.mark.skipif(not RECORDED, reason=f"there are no recorded runs in {FIXTURES}")
needs_butane = pytest.mark.skipif(shutil.which("butane") is None, reason="there is no butane in PATH")

BU = "variant: fcos\nversion: 1.6.0\n"
IGN = '{"ignition":{"version":"3.5.0"}}\n'
BUTANE = ("butane", "--strict")
VALIDATE = ("ignition-validate", "-")


@dataclass
class ReplayNode:
    """Answers what a test expects to be asked, and fails on anything else."""

    runs: dict[tuple[str, ...], tuple[int, str, str] | str]
    files: dict[str, bytes | File] = field(default_factory=dict)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    stdin: dict[tuple[str, ...], str] = field(default_factory=dict)
    written: dict[str, tuple[bytes, int, str | None, str | None]] = field(default_factory=dict)
    name: str = "replay"

    def run(
        self,
        argv: t.Sequence[str],
        stdin: bytes | None = None,
        ok: t.Collection[int] = (0,),
        timeout: float | None = None,  # noqa: ARG002 - part of the protocol
    ) -> Completed:
        key = tuple(argv)
        self.asked.append(key)
        self.stdin[key] = (stdin or b"").decode()
        if key not in self.runs:
            pytest.fail(f"unexpected: {key}")
        answer = self.runs[key]
        if isinstance(answer, str):
            raise CommandError(f"cannot run {key[0]}: {answer}", argv=key, node=self.name)
        if answer[0] not in ok:
            raise CommandError(
                "ended badly", argv=key, rc=answer[0], stdout=answer[1], stderr=answer[2], node=self.name
            )
        return Completed(key, *answer)

    def read(self, paths: t.Iterable[str]) -> dict[str, File | None]:
        found = {path: self.files.get(path) for path in paths}
        return {
            path: File(content, 0o600, "root", "root") if isinstance(content, bytes) else content
            for path, content in found.items()
        }

    def write(
        self, path: str, content: bytes, mode: int = 0o644, owner: str | None = None, group: str | None = None
    ) -> None:
        self.written[path] = (content, mode, owner, group)

    def remove(self, path: str) -> None:
        pytest.fail(f"unexpected: remove {path}")


def parameters(**given: t.Any) -> dict[str, t.Any]:
    defaults = {name: spec.get("default") for name, spec in butane.ARGUMENT_SPEC.items()}
    return {**defaults, "validate": "never", **given}


def run(node: t.Any, check: bool = False, **given: t.Any) -> dict[str, t.Any]:
    return butane.run(node, parameters(**given), check)


def failure(node: t.Any, **given: t.Any) -> FleetError:
    with pytest.raises(FleetError) as caught:
        run(node, **given)
    return caught.value


def accepting(**files: bytes | File) -> ReplayNode:
    """A node whose butane makes IGN of everything, and that has every folder."""
    folders = {("test", "-d", path): (0, "", "") for path in ("/x", "/files")}
    return ReplayNode({BUTANE: (0, IGN, ""), **folders}, {f"/x/{name}": content for name, content in files.items()})


@needs_recordings
@pytest.mark.parametrize("version", ["v0.15.0", "v0.20.0", "v0.25.1", "v0.28.0", "v0.29.0", "v0.29.0 --raw-errors"])
@pytest.mark.parametrize("case", sorted(RECORDED))
def test_recorded_runs(case: str, version: str) -> None:
    recorded = RECORDED[case]["runs"][version]
    document = (FIXTURES / f"{case}.bu").read_bytes()
    answer = (recorded["rc"], recorded["stdout"], recorded["stderr"])
    node = ReplayNode({("butane",): answer}, {"/x/a.bu": document})
    if recorded["rc"] == 0 and recorded["stdout"]:
        result = run(node, src=["/x/a.bu"], strict=False)
        assert result["ignition"] == recorded["stdout"]
        assert result["ignition_version"] in recorded["stdout"]
        assert f"variant: {result['variant']}\nversion: {result['version']}\n".encode() in document
        assert len(result["warnings"]) == len(result["entries"])
        entries = result["entries"]
    elif recorded["rc"] == 0:
        return  # --check: the module does not run it that way
    else:
        error = failure(node, src=["/x/a.bu"], strict=False)
        assert error.message.startswith(("src: /x/a.bu:", "src: butane: unknown flag: --check"))
        entries = error.details["entries"]
        assert entries
    if (case, version) != ("warn-check", "v0.15.0"):  # about the command line
        assert all(entry["file"] == "/x/a.bu" and entry["column"] for entry in entries)
    assert node.stdin["butane",].encode() == document


@pytest.mark.parametrize(
    ("given", "argv"),
    [
        ({}, ("butane", "--strict")),
        ({"strict": False}, ("butane",)),
        ({"pretty": True, "raw": True}, ("butane", "--strict", "--pretty", "--raw")),
        ({"files_dir": "/files"}, ("butane", "--strict", "--files-dir", "/files")),
        ({"executable": "/opt/butane"}, ("/opt/butane", "--strict")),
    ],
)
def test_argv(given: dict[str, t.Any], argv: tuple[str, ...]) -> None:
    node = ReplayNode({argv: (0, IGN, ""), ("test", "-d", "/files"): (0, "", "")})
    run(node, content=BU, **given)
    assert node.stdin[argv] == BU


def test_without_dest_the_config_is_returned() -> None:
    result = run(accepting(), content=BU)
    assert result == {
        "changed": False,
        "steps": [],
        "diff": {"before": {}, "after": {}},
        "ignition": IGN,
        "checksum": hashlib.sha256(IGN.encode()).hexdigest(),
        "ignition_version": "3.5.0",
        "variant": "fcos",
        "version": "1.6.0",
        "entries": [],
        "warnings": [],
    }


def test_with_dest_it_is_written_and_not_returned() -> None:
    node = accepting()
    result = run(node, content=BU, dest="/x/a.ign", owner="core")
    assert node.written == {"/x/a.ign": (IGN.encode(), 0o600, "core", None)}
    assert result["changed"] is True
    assert result["steps"] == [{"write": "/x/a.ign", "reason": "it does not exist"}]
    assert (result["dest"], "ignition" in result) == ("/x/a.ign", False)
    assert result["diff"]["after"]["ignition"] == {"ignition": {"version": "3.5.0"}}


def test_check_mode_writes_nothing_and_says_the_same() -> None:
    node, other = accepting(), accepting()
    assert run(node, check=True, content=BU, dest="/x/a.ign") == run(other, content=BU, dest="/x/a.ign")
    assert node.written == {}


def test_unchanged() -> None:
    node = accepting(**{"a.ign": IGN.encode()})
    result = run(node, content=BU, dest="/x/a.ign")
    assert (result["changed"], result["steps"], node.written) == (False, [], {})
    assert result["diff"] == {"before": {}, "after": {}}


@pytest.mark.parametrize(("mode", "bits"), [("0600", 0o600), ("640", 0o640), (0o644, 0o644), (0o600, 0o600)])
def test_mode(mode: t.Any, bits: int) -> None:
    node = accepting()
    run(node, content=BU, dest="/x/a.ign", mode=mode)
    assert node.written["/x/a.ign"][1] == bits


def test_fragments_are_merged_in_order() -> None:
    node = accepting(**{"a.bu": BU.encode(), "b.bu": b"passwd: {users: [{name: b}]}"})
    inline = {"src": None, "content": "passwd: {users: [!override {name: b, shell: /bin/c}, {name: c}]}", "name": None}
    files = [{"src": f"/x/{name}.bu", "content": None, "name": None} for name in "ab"]
    run(node, fragments=[*files, inline])
    text = node.stdin[BUTANE]
    assert text.index('"/bin/c"') < text.index('"name": c')
    error = failure(node, fragments=[*files, {**inline, "content": "variant: r4e"}])
    assert error.message.startswith("fragments[2]:1:10: variant r4e, but fcos in /x/a.bu:1:10: ")
    assert error.details["entries"][0]["file"] == "fragments[2]"
    error = failure(node, fragments=[*files, {**inline, "content": "variant: r4e", "name": "mine"}])
    assert error.message.startswith("fragments: mine:1:10: variant r4e, but fcos in /x/a.bu:1:10: ")


WARNING = "warning at $.a, line 2 col 1: unused key a\n"


@pytest.mark.parametrize(
    ("given", "files", "message"),
    [
        ({"src": []}, {}, "src: the list is empty; give at least one Butane document"),
        ({"src": ["/x/no.bu"]}, {}, "src: /x/no.bu does not exist"),
        ({"src": ["/x/a.bu"]}, {"a.bu": b"\xff"}, "src: /x/a.bu:1:1: not UTF-8 text"),
        ({"src": ["/x/a.bu", "/x/b.bu"]}, {"a.bu": b"a: 1", "b.bu": b"a: ["}, "src: /x/b.bu:1:5: not valid YAML: "),
        (
            {"content": {"variant": "fcos"}},
            {},
            "content is not text; write 'content: |' in front of the Butane",
        ),
        ({"content": "a: \udcff"}, {}, "content:1:4: not UTF-8 text"),
        ({"fragments": []}, {}, "fragments: the list is empty; give at least one Butane document"),
        (
            {"fragments": [{"src": None, "content": 1, "name": None}]},
            {},
            "fragments[0] is not text; write 'content: |' in front of the Butane document",
        ),
        (
            {"content": BU, "mode": "0800"},
            {},
            "mode: 0800 is not a mode; write three or four octal digits in quotes, su",
        ),
        ({"content": BU, "mode": 600}, {}, "mode: 600 is not a mode; "),
        ({"content": BU, "mode": True}, {}, "mode: True is not a mode; "),
        ({"content": BU, "mode": [6]}, {}, "mode: [6] is not a mode; "),
        (
            {"content": BU, "secret_files": ["app.service"]},
            {},
            "secret_files: app.service is not an absolute path; a u",
        ),
        ({"content": BU, "files_dir": "/no"}, {}, "files_dir: /no is not a folder"),
        ({"content": BU, "dest": "/no/a.ign"}, {}, "dest: the folder /no does not exist"),
        ({"content": BU, "dest": "/x/"}, {}, "dest: /x/ is a folder; give the path of a file"),
    ],
)
def test_bad_input_is_refused_before_butane_runs(
    given: dict[str, t.Any], files: dict[str, bytes], message: str
) -> None:
    node = accepting(**files)
    node.runs["test", "-d", "/no"] = (1, "", "")
    assert failure(node, **given).message.startswith(message)
    assert BUTANE not in node.asked


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            "No such file or directory",
            "executable: cannot run butane: No such file or directory; get it with 'make setup'",
        ),
        ((137, "secret", "secret"), "executable: ended badly"),
        ((1, "", ""), "content: butane: ended with exit code 1 and no message"),
        ((1, "", WARNING), "content:2:1: unused key a ($.a)"),
        ((1, "", WARNING * 3), "content:2:1: unused key a ($.a) (and 2 more, see entries)"),
        ((1, "", WARNING + "error at $.b, line 1 col 2: no\n"), "content:1:2: no ($.b) (and 1 more, see entries)"),
        (
            (1, "", "error at $.a.local, line 2 col 1: nope\n"),
            "content:2:1: nope ($.a.local); files_dir is not set",
        ),
        (
            (1, "", "Error translating config: No translator exists for variant fcos with version 1.6.0\n"),
            "content:2:10: No translator exists for variant fcos with version 1.6.0 ($.version); give a variant and a "
            "version that the installed butane knows, or install a newer one",
        ),
        ((0, "nonsense", ""), "neither an Ignition config nor a MachineConfig"),
    ],
)
def test_butane_fails(answer: tuple[int, str, str] | str, message: str) -> None:
    node = accepting()
    node.runs[BUTANE] = answer
    error = failure(node, content=BU, dest="/x/a.ign")
    assert error.message.startswith(message)
    assert "secret" not in str(error.details)
    assert node.written == {}


def test_a_warning_that_is_allowed() -> None:
    node = accepting()
    node.runs["butane",] = (0, IGN, WARNING)
    result = run(node, content=BU, strict=False)
    assert result["warnings"] == ["content:2:1: unused key a ($.a)"]
    assert result["entries"] == [
        {
            "severity": "warning",
            "message": "unused key a",
            "path": "$.a",
            "file": "content",
            "line": 2,
            "column": 1,
            "tool": "butane",
        }
    ]


REPORT = "{} at $.storage.files.0.path, line 1 col 61: odd\n"
TOO_OLD = "couldn't parse config: unsupported config version\n"


@pytest.mark.parametrize(
    ("given", "answer", "severities"),
    [
        ({"validate": "auto"}, (0, "", ""), []),
        ({"validate": "required"}, (0, "", ""), []),
        ({"validate": "auto"}, "No such file or directory", []),
        ({"validate": "auto"}, (1, "", TOO_OLD), ["info"]),
        ({"validate": "auto", "strict": False}, (0, REPORT.format("warning"), ""), ["warning"]),
    ],
)
def test_validate(given: dict[str, t.Any], answer: tuple[int, str, str] | str, severities: list[str]) -> None:
    node = accepting()
    node.runs.update({("butane",): (0, IGN, ""), VALIDATE: answer})
    result = run(node, content=BU, **given)
    assert [(entry["severity"], entry["tool"]) for entry in result["entries"]] == [
        (severity, "ignition-validate") for severity in severities
    ]
    assert json.loads(node.stdin[VALIDATE]) == json.loads(IGN)


@pytest.mark.parametrize(
    ("given", "answer", "message"),
    [
        ({"validate": "required"}, "No such file or directory", "validate: cannot run ignition-validate: No such file"),
        (
            {"validate": "required"},
            (1, "", TOO_OLD),
            "validate: the ignition-validate here is too old for the Ignition",
        ),
        (
            {"validate": "auto"},
            (1, REPORT.format("error"), ""),
            "content: ignition-validate: odd ($.storage.files.0.path)",
        ),
        (
            {"validate": "auto"},
            (0, REPORT.format("warning"), ""),
            "content: ignition-validate: odd ($.storage.files.0.pa",
        ),
        ({"validate": "auto"}, (137, "", ""), "validate: ended badly"),
    ],
)
def test_validate_fails(given: dict[str, t.Any], answer: tuple[int, str, str] | str, message: str) -> None:
    node = accepting()
    node.runs[VALIDATE] = answer
    assert failure(node, content=BU, dest="/x/a.ign", **given).message.startswith(message)
    assert node.written == {}


MACHINE_CONFIG = """\
# Generated by Butane; do not edit
apiVersion: machineconfiguration.openshift.io/v1
kind: MachineConfig
spec:
  config:
    ignition:
      version: 3.4.0
    passwd:
      users:
        - name: core
          passwordHash: a-secret
"""


def test_a_machine_config_is_looked_into() -> None:
    node = accepting()
    node.runs.update({BUTANE: (0, MACHINE_CONFIG, ""), VALIDATE: (0, "", "")})
    result = run(node, content=BU, dest="/x/a.yml", validate="auto")
    assert result["ignition_version"] == "3.4.0"
    assert json.loads(node.stdin[VALIDATE])["ignition"] == {"version": "3.4.0"}
    assert "a-secret" not in str(result)
    assert result["diff"]["after"]["ignition"]["kind"] == "MachineConfig"


SECRETS = """\
variant: fcos
version: 1.6.0
passwd:
  users:
    - name: core
      password_hash: {hash}
storage:
  files:
    - path: /etc/key
      mode: 0600
      contents:
        inline: the key is {key}
    - path: /etc/motd
      contents:
        inline: hello
"""


@needs_butane
def test_with_real_butane(tmp_path: Path) -> None:
    """New, the same again, another secret, another mode: and nothing of it stays anywhere but in the file."""
    dest = tmp_path / "a.ign"
    source = tmp_path / "a.bu"
    given = {"src": [str(source)], "dest": str(dest)}

    source.write_text(SECRETS.format(hash="first-hash", key="first-key"))
    first = run(LocalNode(), **given)
    content = dest.read_bytes()
    assert (first["changed"], stat.S_IMODE(dest.stat().st_mode)) == (True, 0o600)
    assert (first["ignition_version"], first["entries"]) == ("3.5.0", [])
    again = run(LocalNode(), **given)
    assert (again["changed"], dest.read_bytes(), again["checksum"]) == (False, content, first["checksum"])

    source.write_text(SECRETS.format(hash="other-hash", key="other-key"))
    checked = run(LocalNode(), check=True, **given)
    assert (checked["changed"], dest.read_bytes()) == (True, content)
    changed = run(LocalNode(), **given)
    assert changed == checked
    assert dest.read_bytes() != content
    before, after = (changed["diff"][side]["ignition"] for side in ("before", "after"))
    assert before["passwd"] != after["passwd"]
    assert before["storage"]["files"][0] != after["storage"]["files"][0]
    assert before["storage"]["files"][1] == after["storage"]["files"][1]
    assert after["storage"]["files"][1]["contents"] == ["hello"]
    for result in (first, again, checked, changed):
        assert not any(secret in str(result) for secret in ("first-", "other-"))

    dest.chmod(0o644)
    assert run(LocalNode(), **given)["steps"] == [{"write": str(dest), "reason": "mode is 0644, not 0600"}]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bu", "a.ign"]


@needs_butane
@pytest.mark.parametrize(
    ("local", "message"),
    [("hello.txt", None), ("nope.txt", "no such file or directory"), ("../x", "traverses outside the files directory")],
)
def test_files_dir_with_real_butane(tmp_path: Path, local: str, message: str | None) -> None:
    (tmp_path / "hello.txt").write_text("hello")
    text = BU + "storage:\n  files:\n    - path: /a\n      contents:\n        local: {}\n"
    given = {"content": text.format(local), "files_dir": str(tmp_path)}
    if message is None:
        assert "data:,hello" in run(LocalNode(), **given)["ignition"]
        return
    error = failure(LocalNode(), **given)
    assert error.message.startswith("content:7:16: ")
    assert message in error.message
    assert error.message.endswith(f"; files_dir is {tmp_path}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "one of the following is required: src, content, fragments"),
        ({"src": "a.bu", "content": BU}, "parameters are mutually exclusive: src|content|fragments"),
        ({"fragments": [{"name": "a"}]}, "one of the following is required: src, content found in fragments"),
        ({"fragments": [{"src": "a", "content": "b"}]}, "parameters are mutually exclusive: src|content found in frag"),
        ({"src": "a.bu", "validate": "maybe"}, "value of validate must be one of: auto, required, never, got: maybe"),
        ({"src": "/does/not/exist.bu"}, "src: /does/not/exist.bu does not exist"),
    ],
)
def test_arguments(arguments: dict[str, t.Any], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with patch_module_args(arguments), pytest.raises(SystemExit) as ended:
        butane.main()
    result = json.loads(capsys.readouterr().out)
    assert (ended.value.code, result["failed"]) == (1, True)
    assert result["msg"].startswith(message)
