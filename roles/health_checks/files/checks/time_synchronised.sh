#!/bin/sh
# Copyright (c) 2026 evergreen.fleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC2034,SC2154 # parameters come first in the script, and common.sh reads why

# The clock is set by a time server, whichever program does that.

synchronised() {
    why="the clock is not synchronised"
    [ "$(bounded 10 timedatectl show --property=NTPSynchronized --value 2>/dev/null)" = yes ]
}

within "$timeout" synchronised
