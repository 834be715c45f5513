# Copyright (c) 2026 evergreen.fleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Reads lines of the log format ostree_mirror and prints, as JSON, what each client fetched: in all, and by update.
# An update is what a client asks for without a longer pause than "pause" seconds.

BEGIN { hexadecimal = "0123456789abcdef" }

# Time, client, status, bytes, path. Anything else is no line of ours.
NF < 5 || $1 !~ /^[0-9]+\.[0-9]+$/ || $3 !~ /^[0-9]+$/ || $4 !~ /^[0-9]+$/ { next }

{
    client = $2
    if (!(client in last)) clients[++count] = client
    if (!(client in last) || $1 - last[client] > pause) {
        updates[client]++
        begin[client, updates[client]] = $1
    }
    last[client] = $1
    update = client SUBSEP updates[client]
    end[update] = $1
    requests[update]++
    bytes[update] += $4
    if ($3 == 200) fetched(update, $5)
    else if ($3 == 404) missed[update]++
}

function fetched(update, path,    parts) {
    if (path ~ /^\/objects\//) {
        objects[update]++
        if (path ~ /\.commit$/) commit(update, substr(path, 10, 2) substr(path, 13, 62))
    } else if (path ~ /^\/deltas\//) {
        deltas[update]++
        if (path ~ /\/superblock$/) {
            split(path, parts, "/")
            path = parts[3] parts[4]
            sub(/.*-/, "", path)
            commit(update, checksum(path))
        }
    }
}

function commit(update, name) {
    if (index(commits[update], name) == 0) commits[update] = commits[update] (commits[update] ? "," : "") "\"" name "\""
}

# libostree's base64, with _ for /, of the 32 bytes of a checksum
function checksum(text,    alphabet, hex, bits, value, at) {
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+_"
    for (at = 1; at <= length(text); at++) {
        value = value * 64 + index(alphabet, substr(text, at, 1)) - 1
        for (bits += 6; bits >= 4; bits -= 4) {
            hex = hex substr(hexadecimal, int(value / 2 ^ (bits - 4)) + 1, 1)
            value %= 2 ^ (bits - 4)
        }
    }
    return substr(hex, 1, 64)
}

function counts(update) {
    return sprintf("\"requests\":%d,\"objects\":%d,\"delta_files\":%d,\"not_found\":%d,\"bytes\":%.0f",
        requests[update], objects[update], deltas[update], missed[update], bytes[update])
}

END {
    printf "["
    for (number = 1; number <= count; number++) {
        client = clients[number]
        list = ""
        for (nth = 1; nth <= updates[client]; nth++) {
            update = client SUBSEP nth
            requests[client] += requests[update]; objects[client] += objects[update]; deltas[client] += deltas[update]
            missed[client] += missed[update]; bytes[client] += bytes[update]
            list = list (nth > 1 ? "," : "") sprintf("{\"start\":%.3f,\"end\":%.3f,%s,\"commits\":[%s]}",
                begin[update], end[update], counts(update), commits[update])
        }
        printf "%s{\"client\":\"%s\",%s,\"updates\":[%s]}", (number > 1 ? "," : ""), client, counts(client), list
    }
    print "]"
}
