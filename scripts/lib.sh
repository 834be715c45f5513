# Copyright (c) 2026 evergreen.fleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# What the scripts beside it share. They source it from the root of the clone.
# shellcheck shell=sh

. scripts/env.sh
# Logs are read without a terminal.
[ -t 1 ] || export NO_COLOR=1

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Show a command, then run it.
run() {
    printf '+ %s\n' "$*"
    "$@"
}
