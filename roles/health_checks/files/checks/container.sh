#!/bin/sh
# Copyright (c) 2026 evergreen.fleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC2034,SC2154 # parameters come first in the script, and common.sh reads why

# A container runs, and its health command, when it has one, succeeds.

# engine SECONDS ARGV...: podman or docker as the user whose container it is
engine() {
    seconds=$1
    shift
    if [ "$user" = root ]; then
        bounded "$seconds" "$engine" "$@"
    else
        bounded "$seconds" runuser -u "$user" -- env "XDG_RUNTIME_DIR=/run/user/$(id -u "$user")" "$engine" "$@"
    fi
}

healthy() {
    why="container $container does not run"
    [ "$(engine 20 inspect --type=container --format='{{.State.Running}}' -- "$container" 2>/dev/null)" = true ] || return 1
    why="container $container is not healthy"
    if [ "$engine" = docker ]; then
        health=$(engine 20 inspect --format='{{if .State.Health}}{{.State.Health.Status}}{{end}}' -- "$container" 2>/dev/null)
        [ -z "$health" ] || [ "$health" = healthy ]
    else
        engine 60 healthcheck run -- "$container" >/dev/null 2>&1
        code=$?
        # 125: it has no health command
        [ "$code" = 0 ] || [ "$code" = 125 ]
    fi
}

cd /
within "$timeout" healthy
