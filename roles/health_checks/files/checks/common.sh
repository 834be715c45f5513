#!/bin/sh
# Copyright (c) 2026 evergreen.fleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# What every check begins with. Both generations of greenboot run it with bash, Flatcar's gate with sh.

# seconds since the start of the system: the clock may be set while a check waits
now() {
    read -r uptime _ </proc/uptime
    echo "${uptime%%.*}"
}

# fail WORDS...: the one line that says what is wrong
fail() {
    printf '%s\n' "$(printf '%s' "$*" | tr '\n' ' ')" >&2
    exit 1
}

# bounded SECONDS ARGV...: a program that hangs is a check that fails
bounded() {
    limit=$1
    shift
    timeout --kill-after=2 "$limit" "$@"
}

# within SECONDS FUNCTION: calls it until it succeeds. It says in "why" what it waits for.
within() {
    deadline=$(($(now) + $1))
    until "$2"; do
        [ "$(now)" -lt "$deadline" ] || fail "${why:-$2 failed}"
        sleep 1
    done
}
