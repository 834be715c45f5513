# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the result of one task says about a node: pure functions of the result as Ansible's callbacks get it."""

from __future__ import annotations

import shlex
import typing as t

from .model import Change, Failure, Hidden, Reason, Setting, Step, Unknown, Value

Result = t.Mapping[str, t.Any]
Outcome = t.Literal["ok", "skipped", "failed", "unreachable"]
"""How a task ended on a host."""

OURS = "evergreen.fleet."


def change(task: str, module: str, result: Result, *, applied: bool, diff: bool) -> Change:
    """A result that says changed.

    :arg diff: whether the task shows differences. Where it was told not to, its author may hide something.
    """
    ours = module.startswith(OURS)
    steps = tuple(_steps(result)) if ours else ()
    if "censored" in result:
        return Change(task, module, applied, hidden="no_log")
    if not diff:
        return Change(task, module, applied, steps=steps, hidden="diff_off")
    settings, hidden = _settings(result.get("diff"), ours)
    return Change(task, module, applied, tuple(settings), steps, hidden)


def unknown(task: str, module: str, result: Result, *, outcome: Outcome, check: bool) -> Unknown | None:
    """What a task could not tell, if so. Failures come here when the play ignores them."""
    if outcome == "unreachable":
        return Unknown(task, module, "ignored_unreachable")
    if not check:
        return None
    if outcome == "failed":
        return Unknown(task, module, "ignored_failure")
    if module == OURS + "ostree_host" and result.get("upgrade") == "unknown":
        return Unknown(task, module, "only_a_run_can_tell")
    # A condition and an empty loop leave a key each. A task that is skipped without them cannot do check mode.
    if outcome == "skipped" and not result.keys() & {"false_condition", "skip_reason", "skipped_reason"}:
        return Unknown(task, module, "no_check_mode")
    return None


def failure(task: str, module: str, result: Result, *, unreachable: bool) -> Failure:
    if "censored" in result:
        return Failure(task, module, "the task hides its result (no_log)", unreachable)
    reasons = result.get("reasons") if module == OURS + "node_reboot" else None
    return Failure(
        task,
        module,
        str(result.get("msg") or "it gave no message"),
        unreachable,
        tuple(Reason(str(each["source"]), str(each["text"])) for each in reasons or ()),
    )


def _steps(result: Result) -> t.Iterator[Step]:
    for step in result.get("steps") or ():
        verb = next((verb for verb in ("write", "remove") if verb in step), None)
        action = f"{verb} {step[verb]}" if verb else shlex.join(step.get("argv", ()))
        yield Step(action, str(step.get("reason", "")))


def _settings(diff: t.Any, ours: bool) -> tuple[list[Setting], Hidden | None]:
    """A module may return one difference or several."""
    settings: list[Setting] = []
    hidden: Hidden | None = None
    for each in diff if isinstance(diff, list) else [diff]:
        if not isinstance(each, dict) or each.get("before") == each.get("after"):
            hidden = "content" if isinstance(each, dict) and "prepared" in each else hidden
            continue
        before, after = each.get("before"), each.get("after")
        name = str(each.get("after_header") or each.get("before_header") or "")
        if _is_structure(before) and _is_structure(after):
            settings.extend(_leaves(name, before or {}, after or {}))
        elif ours:
            settings.append(Setting(name or "content", before, after))
        else:
            # A template may hold a secret and its task know nothing of no_log. A report is kept and passed on.
            hidden = "content"
    return settings, hidden


def _is_structure(value: Value) -> bool:
    return value is None or value == "" or isinstance(value, dict)


def _leaves(name: str, found: t.Mapping[str, Value], wanted: t.Mapping[str, Value]) -> t.Iterator[Setting]:
    """The keys that differ, with those of inner mappings after a dot."""
    for key in dict.fromkeys((*found, *wanted)):
        before, after = found.get(key), wanted.get(key)
        if before == after:
            continue
        path = f"{name}.{key}" if name else str(key)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _leaves(path, before, after)
        else:
            yield Setting(path, before, after)
