# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interface of a role is in meta/argument_specs.yml and in defaults/main.yml: both must agree."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml

ROLES = sorted(path for path in (Path(__file__).parents[3] / "roles").glob("*") if path.is_dir())

each_role = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)


def load(path: Path) -> dict[str, t.Any]:
    if not path.exists():
        return {}
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def options(role: Path) -> dict[str, dict[str, t.Any]]:
    """The options of all entry points; those of the same name are one variable."""
    entry_points = load(role / "meta" / "argument_specs.yml").get("argument_specs", {}).values()
    return {name: option for entry in entry_points for name, option in (entry.get("options") or {}).items()}


def told_in_words(value: object) -> bool:
    """A computed default and a long list are better described than repeated."""
    return isinstance(value, list) or (isinstance(value, str) and "{{" in value)


@each_role
def test_every_variable_is_documented(role: Path) -> None:
    assert set(load(role / "defaults" / "main.yml")) - set(options(role)) == set()


@each_role
def test_documented_defaults_are_the_real_ones(role: Path) -> None:
    documented = {name: option["default"] for name, option in options(role).items() if "default" in option}
    real = load(role / "defaults" / "main.yml")
    assert documented == {name: real[name] for name in real if name in documented or not told_in_words(real[name])}


@each_role
def test_required_options_have_no_default(role: Path) -> None:
    defaults = load(role / "defaults" / "main.yml")
    assert [name for name, option in options(role).items() if option.get("required") and name in defaults] == []


@each_role
def test_role_has_readme(role: Path) -> None:
    assert (role / "README.md").read_text(encoding="utf-8").startswith("#")
