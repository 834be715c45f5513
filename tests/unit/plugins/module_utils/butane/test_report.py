# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What real butane and ignition-validate wrote, read as data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.butane.model import Entry
from ansible_collections.evergreen.fleet.plugins.module_utils.butane.report import parse

FIXTURES = Path(__file__).parents[5].parent / "shared" / "fixtures"
needs_recordings = pytest.mark.skipif(not FIXTURES.is_dir(), reason=f"there are no recorded reports in {FIXTURES}")

V15, V20, V25, V28, V29, RAW = "v0.15.0", "v0.20.0", "v0.25.1", "v0.28.0", "v0.29.0", "v0.29.0 --raw-errors"
ALL = (V15, V20, V25, V28, V29, RAW)
SINCE_20 = ALL[1:]
SINCE_25 = ALL[2:]
SINCE_28 = ALL[3:]


def error(message: str, path: str | None = None, line: int | None = None, column: int | None = None) -> Entry:
    return Entry("error", message, path, None, line, column)


def warning(message: str, path: str, line: int, column: int) -> Entry:
    return Entry("warning", message, path, None, line, column)


def unknown(variant: str, version: str) -> list[Entry]:
    return [error(f"No translator exists for variant {variant} with version {version}", "$.version")]


OLD_FCOS = {(V15, V20): unknown("fcos", "1.6.0")}
NO_FILES_DIR = "local file paths are relative to a files directory that must be specified with -d/--files-dir"
LAYOUTS_20 = "layout must be one of: aarch64, ppc64le, s390x-eckd, s390x-virt, s390x-zfcp, x86_64"
LAYOUTS_28 = "layout must be one of: aarch64, ppc64le, x86_64"
USELESS_ENABLE = 'unit "x.service" is enabled, but has no install section so enable does nothing'
RHCOS_REMOVED = (
    "rhcos variant has been removed; use openshift variant instead: "
    "https://coreos.github.io/butane/upgrading-openshift/"
)
RHCOS_DEPRECATED = "this variant is deprecated and will be removed in a future release; use openshift variant instead"
USAGE_15 = """\
unknown flag: --check
Usage: butane [options] [input-file]
Options:
  -d, --files-dir string   allow embedding local files from this directory
  -h, --help               show usage and exit
  -o, --output string      write to output file instead of stdout
  -p, --pretty             output formatted json
  -r, --raw                never wrap in a MachineConfig; force Ignition output
  -s, --strict             fail on any warning
  -V, --version            print the version and exit"""
UNUSED_CONTNTS = warning("unused key contnts", "$.storage.files.0.contnts", 6, 7)

# Versions that are not listed say nothing.
BUTANE = {
    "fcos-minimal": {(V15,): unknown("fcos", "1.5.0")},
    "fcos-1.6-file-inline": OLD_FCOS,
    "fcos-1.6-long-inline-gzip": OLD_FCOS,
    "fcos-1.6-local": OLD_FCOS,
    "fcos-1.6-local-no-files-dir": {
        **OLD_FCOS,
        SINCE_25: [error(NO_FILES_DIR, "$.storage.files.0.contents.local", 7, 16)],
    },
    "fcos-1.6-local-missing": {
        **OLD_FCOS,
        SINCE_25: [
            error("open files-dir/nope.txt: no such file or directory", "$.storage.files.0.contents.local", 7, 16)
        ],
    },
    "fcos-1.6-quadlet-file": OLD_FCOS,
    "fcos-1.8exp-quadlets": {(V15, V20, V25): unknown("fcos", "1.8.0-experimental")},
    "fcos-1.6-kargs": OLD_FCOS,
    "fcos-1.5-mirror-s390x-error": {
        (V15,): unknown("fcos", "1.5.0"),
        (V20, V25): [error(LAYOUTS_20, "$.boot_device.layout", 4, 11)],
        SINCE_28: [error(LAYOUTS_28, "$.boot_device.layout", 4, 11)],
    },
    "fcos-1.6-grub-password": OLD_FCOS,
    "fcos-1.6-fs-swap": OLD_FCOS,
    "flatcar-1.0": {},
    "flatcar-boot-device-error": {
        (V15,): unknown("flatcar", "1.1.0"),
        (V20,): [warning("Unused key boot_device", "$.boot_device", 3, 1)],
        SINCE_25: [warning("unused key boot_device", "$.boot_device", 3, 1)],
    },
    "openshift-4.18-mc": {(V15, V20): unknown("openshift", "4.18.0")},
    "openshift-4.18-raw": {(V15, V20): unknown("openshift", "4.18.0")},
    "r4e-1.1": {(V15,): unknown("r4e", "1.1.0")},
    "fiot-1.0": {(V15,): unknown("fiot", "1.0.0")},
    "warn-unused-key": {**OLD_FCOS, SINCE_25: [UNUSED_CONTNTS]},
    "warn-enabled-no-install": {**OLD_FCOS, SINCE_25: [warning(USELESS_ENABLE, "$.systemd.units.0.contents", 7, 17)]},
    "warn-strict": {**OLD_FCOS, SINCE_25: [UNUSED_CONTNTS]},
    "warn-check": {(V15,): [error(USAGE_15)], (V20,): unknown("fcos", "1.6.0"), SINCE_25: [UNUSED_CONTNTS]},
    "err-no-variant": {ALL: [error("error parsing variant; must be specified", "$.variant")]},
    "err-no-version": {ALL: [error("error parsing version; must be a valid semver", "$.version")]},
    "err-bad-version": {ALL: [error("error parsing version; must be a valid semver", "$.version")]},
    "err-unknown-variant": {ALL: unknown("ubuntu", "1.0.0")},
    "err-rhcos": {
        (V15,): [warning(RHCOS_DEPRECATED, "$.variant", 1, 10)],
        SINCE_20: [error(RHCOS_REMOVED, "$.variant")],
    },
    "err-yaml-syntax": {ALL: [error("did not find expected node content", line=3)]},
    "err-type": {**OLD_FCOS, SINCE_25: [error("cannot unmarshal !!str `hello` into []v0_6.File", line=4)]},
    "err-relative-path": {**OLD_FCOS, SINCE_25: [error("path not absolute", "$.storage.files.0.path", 5, 13)]},
    "err-multi": {
        **OLD_FCOS,
        SINCE_25: [
            warning("unused key bogus", "$.storage.files.1.bogus", 7, 7),
            error("path not absolute", "$.storage.files.0.path", 5, 13),
            error("path not absolute", "$.storage.files.1.path", 6, 13),
        ],
    },
    "empty": {ALL: [error("error parsing variant; must be specified", "$.variant")]},
}


def recorded(name: str) -> dict[str, dict[str, dict[str, dict[str, object]]]]:
    file = FIXTURES / name / "recorded.json"
    return json.loads(file.read_text()) if file.is_file() else {}


RECORDED_BUTANE = recorded("butane/cases")
RECORDED_VALIDATE = recorded("ignition-validate")


@needs_recordings
@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("case", sorted(RECORDED_BUTANE))
def test_recorded_butane(case: str, version: str) -> None:
    run = RECORDED_BUTANE[case]["runs"][version]
    expected = next((entries for versions, entries in BUTANE[case].items() if version in versions), [])
    assert parse(str(run["stderr"]), failed=run["rc"] != 0) == expected


NO_JSON = "invalid character '{}' looking for beginning of value"
UNSUPPORTED = error("unsupported config version", "$.version")
OLD = ("debian-2.14.0", "v2.14.0")
UP_TO_2_20 = (*OLD, "v2.20.0")
EVERY = (*UP_TO_2_20, "v2.26.0")
VALIDATE = {
    "valid-3.3": {},
    "valid-3.4": {OLD: [UNSUPPORTED]},
    "valid-3.5": {OLD: [UNSUPPORTED]},
    "valid-3.6": {UP_TO_2_20: [UNSUPPORTED]},
    "unknown-version": {EVERY: [UNSUPPORTED]},
    "v2": {EVERY: [UNSUPPORTED]},
    "empty": {EVERY: [error("not a config (empty)", "$")]},
    "not-json": {EVERY: [error(NO_JSON.format("h"), None, 1, 2)]},
    "cloud-config": {EVERY: [error(NO_JSON.format("#"), None, 1, 2)]},
    "unused-key": {
        UP_TO_2_20: [warning("Unused key storag", "$.storag", 1, 33)],
        ("v2.26.0",): [warning("unused key storag", "$.storag", 1, 33)],
    },
    "relative-path": {EVERY: [error("path not absolute", "$.storage.files.0.path", 1, 61)]},
    "enabled-no-install": {EVERY: [warning(USELESS_ENABLE, "$.systemd.units.0.contents", 1, 99)]},
    "bad-unit": {EVERY: [error("invalid systemd unit extension", "$.systemd.units.0.name", 1, 61)]},
    "dup": {EVERY: [error("duplicate entry defined", "$.storage.files.1", 1, 72)]},
}


@needs_recordings
@pytest.mark.parametrize("version", EVERY)
@pytest.mark.parametrize("case", sorted(RECORDED_VALIDATE))
def test_recorded_ignition_validate(case: str, version: str) -> None:
    run = RECORDED_VALIDATE[case]["runs"][version]
    expected = next((entries for versions, entries in VALIDATE[case].items() if version in versions), [])
    found = parse(f"{run['stdout']}{run['stderr']}", failed=run["rc"] != 0, tool="ignition-validate")
    assert [(entry.severity, entry.message, entry.path, entry.line, entry.column) for entry in found] == [
        (entry.severity, entry.message, entry.path, entry.line, entry.column) for entry in expected
    ]
    assert {entry.tool for entry in found} <= {"ignition-validate"}


# Forms that no recorded run shows, after internal/report/report.go and the YAML decoder of butane v0.29.0.
@pytest.mark.parametrize(
    ("text", "failed", "expected"),
    [
        pytest.param("", False, [], id="nothing to say"),
        pytest.param("warning at $.a: lost\n", False, [Entry("warning", "lost", "$.a")], id="no position"),
        pytest.param("info: by the way\n", False, [Entry("info", "by the way")], id="no position and no path"),
        pytest.param(
            "warning at $.metadata.labels.a: b, line 3 col 9: unused key a: b\n",
            False,
            [warning("unused key a: b", "$.metadata.labels.a: b", 3, 9)],
            id="a key with a colon",
        ),
        pytest.param(
            "error[$.a]:\n  --> <stdin>:9:3\n    |\n  8 | x\n  9 |   | ^^^ y\n"
            "    |   ^^^ first line\nsecond line\n 10 | error: z\n    |\n",
            True,
            [error("first line\nsecond line", "$.a", 9, 3)],
            id="a block whose message has two lines and whose document looks like a report",
        ),
        pytest.param(
            "error:\n  --> a b:c.bu:1:1\n   |\n 1 | x\n   | ^ odd\n   |\n",
            True,
            [error("odd", None, 1, 1)],
            id="a block without a path, about a file with colons in its name",
        ),
        pytest.param(
            "Error translating config: Error unmarshaling yaml: yaml: unmarshal errors:\n"
            '  line 3: mapping key "a" already defined at line 2\n  line 9: cannot unmarshal !!map into string\n',
            True,
            [
                error('mapping key "a" already defined at line 2', line=3),
                error("cannot unmarshal !!map into string", line=9),
            ],
            id="several decoder errors",
        ),
        pytest.param(
            "Error translating config: yaml: unmarshal errors:\n  line 3: cannot unmarshal !!str `a\nb` into int\n"
            "  line 9: cannot unmarshal !!map into string\n",
            True,
            [
                error("cannot unmarshal !!str `a\nb` into int", line=3),
                error("cannot unmarshal !!map into string", line=9),
            ],
            id="a decoder error that quotes two lines",
        ),
        pytest.param(
            "Error translating config: yaml: unmarshal errors:\n",
            True,
            [error("unmarshal errors:", "$")],
            id="decoder errors of which nothing is said",
        ),
        pytest.param(
            "Error translating config: Error unmarshaling yaml: yaml: control characters are not allowed\n",
            True,
            [error("control characters are not allowed", "$")],
            id="a decoder error without a line",
        ),
        pytest.param(
            "Error translating config: source config is invalid\n",
            True,
            [error("source config is invalid", "$")],
            id="a summary of nothing is kept",
        ),
        pytest.param(
            "panic: index out of range\n\ngoroutine 1 [running]:\nmain.main()\n",
            True,
            [error("panic: index out of range"), error("goroutine 1 [running]:\nmain.main()")],
            id="a crash",
        ),
        pytest.param(
            "Flag --input has been deprecated\nwarning at $.a, line 1 col 1: w\nand this\n",
            False,
            [
                Entry("warning", "Flag --input has been deprecated"),
                warning("w", "$.a", 1, 1),
                Entry("warning", "and this"),
            ],
            id="unknown lines between known ones",
        ),
    ],
)
def test_other_forms(text: str, failed: bool, expected: list[Entry]) -> None:
    assert parse(text, failed) == expected
