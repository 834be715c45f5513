#!/bin/sh
# Copyright (c) 2026 evergreen.fleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC2034,SC2154 # parameters come first in the script, and common.sh reads why

# The file system of a path has room.

free=$(bounded 30 df --block-size=1M --output=avail -- "$path" 2>/dev/null | tail -n 1 | tr -d ' ')
case $free in
    '' | *[!0-9]*) fail "df cannot tell how much is free in $path" ;;
esac
[ "$free" -ge "$free_mib" ] || fail "$path has $free MiB free, less than $free_mib"
