#!/bin/sh
# Copyright (c) 2026 evergreen.fleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC2034,SC2154 # parameters come first in the script, and common.sh reads why

# An address answers, with the status and the text that are wanted.

answers() {
    set -- --silent --globoff --max-time 10 --max-filesize 1048576 --write-out '\n%{http_code}'
    [ -z "$ca_file" ] || set -- "$@" --cacert "$ca_file"
    answer=$(bounded 15 curl "$@" --url "$url" 2>/dev/null)
    code=$?
    why="$url does not answer (curl ended with $code)"
    [ "$code" = 0 ] || return 1
    got=${answer##*"$newline"}
    why="$url answers with status $got"
    case $status:$got in
        "$got:$got" | :2??) ;;
        *) return 1 ;;
    esac
    why="$url answers without the text that is wanted"
    case ${answer%"$newline"*} in
        *"$contains"*) ;;
        *) return 1 ;;
    esac
}

newline='
'
within "$timeout" answers
