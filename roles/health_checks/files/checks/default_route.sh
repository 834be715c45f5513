#!/bin/sh
# Copyright (c) 2026 evergreen.fleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC2034,SC2154 # parameters come first in the script, and common.sh reads why

# There is a way out of the local network.

# routes FAMILY: usable default routes
routes() {
    bounded 10 ip "-$1" route show default 2>/dev/null | while read -r first rest; do
        [ "$first" != default ] || echo "$rest"
    done
}

reachable() {
    why="there is no default route"
    case $family in
        ipv4) [ -n "$(routes 4)" ] ;;
        ipv6) [ -n "$(routes 6)" ] ;;
        *) [ -n "$(routes 4)" ] || [ -n "$(routes 6)" ] ;;
    esac
}

within "$timeout" reachable
