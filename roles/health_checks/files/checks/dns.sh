#!/bin/sh
# Copyright (c) 2026 evergreen.fleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC2034,SC2154 # parameters come first in the script, and common.sh reads why

# The names of hosts resolve; without any, those of the update servers that this host is set up for.

# every address in the settings of OSTree remotes and of Flatcar's update client
update_servers() {
    for file in /etc/ostree/remotes.d/*.conf /ostree/repo/config /etc/flatcar/update.conf /usr/share/flatcar/update.conf; do
        [ -r "$file" ] || continue
        while IFS= read -r line || [ -n "$line" ]; do
            case $line in
                '#'*) ;;
                *=*://*)
                    host=${line##*://}
                    host=${host%%/*}
                    host=${host##*@}
                    case $host in
                        '['* | '') ;;
                        *) printf '%s ' "${host%%:*}" ;;
                    esac
                    ;;
            esac
        done <"$file"
    done
}

resolve() {
    for host in $hosts; do
        why="$host does not resolve"
        bounded 10 getent ahosts "$host" >/dev/null 2>&1 || return 1
    done
}

[ -n "$hosts" ] || hosts=$(update_servers)
[ -n "$hosts" ] || fail "no update server is set up on this host; give the check hosts"
within "$timeout" resolve
