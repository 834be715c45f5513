#!/bin/sh
# Copyright (c) 2026 evergreen.fleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC2034,SC2154 # parameters come first in the script, and common.sh reads why

# A systemd unit is active, and after some seconds still is without having been started again.

active() {
    state=$(bounded 10 systemctl is-active -- "$unit" 2>/dev/null)
    why="$unit is ${state:-in no state that systemd tells}"
    case $state in
        active | reloading) ;;
        # Nothing but a person gets it out of this state.
        failed) fail "$why" ;;
        *) return 1 ;;
    esac
}

restarts() {
    bounded 10 systemctl show --property=NRestarts --value -- "$unit" 2>/dev/null
}

within "$timeout" active
if [ "$stable" -gt 0 ]; then
    before=$(restarts)
    sleep "$stable"
    active || fail "$why, $stable s after it was active"
    [ "$(restarts)" = "$before" ] || fail "$unit was started again within $stable s"
fi
