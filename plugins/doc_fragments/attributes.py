# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The attributes that every module of the collection documents."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return the steps it would take without taking them.
    support: full
  diff_mode:
    description: Returns what would change or has changed when in diff mode.
    support: full
  idempotent:
    description: Run again with the same parameters and the same state, it changes nothing.
    support: full
"""
