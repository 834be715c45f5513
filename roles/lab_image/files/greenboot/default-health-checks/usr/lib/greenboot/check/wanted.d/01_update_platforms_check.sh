#!/usr/bin/env bash
# Copyright (c) 2026 evergreen.fleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# The repositories that updates come from answer.
set -u

shopt -s nullglob
remotes=(/etc/ostree/remotes.d/*.conf)
[ ${#remotes[@]} -gt 0 ] || exit 0
silent=0
while read -r url; do
    curl --silent --show-error --output /dev/null --max-time 10 --head "$url" || {
        echo "$url does not answer"
        silent=1
    }
done < <(sed -n 's,^ *url *= *\(https\?://.*\),\1,p' "${remotes[@]}" | sort -u)
exit $silent
