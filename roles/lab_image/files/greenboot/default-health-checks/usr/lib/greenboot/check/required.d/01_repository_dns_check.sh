#!/usr/bin/env bash
# Copyright (c) 2026 evergreen.fleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# The hosts that updates come from can be resolved.
set -u

shopt -s nullglob
remotes=(/etc/ostree/remotes.d/*.conf)
hosts=$([ ${#remotes[@]} = 0 ] || sed -n 's,^ *url *= *https\?://\([^/:]*\).*,\1,p' "${remotes[@]}" | sort -u)
if [ -z "$hosts" ]; then
    echo "No repository with a host name is configured"
    exit 0
fi

unresolved=0
for host in $hosts; do
    for try in 1 2 3 4 5; do
        ! getent ahosts "$host" > /dev/null || continue 2
        [ "$try" = 5 ] || sleep 1
    done
    echo "$host cannot be resolved"
    unresolved=1
done
exit $unresolved
