#!/bin/sh
# Copyright (c) 2026 evergreen.fleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC2034,SC2154 # parameters come first in the script, and common.sh reads why

# Packages are installed. Nothing to wait for: what a deployment consists of does not change while it runs.

installed() {
    if command -v rpm >/dev/null; then
        bounded 30 rpm --query --quiet -- "$1" >/dev/null 2>&1
    else
        # shellcheck disable=SC2016 # dpkg's own variable
        [ "$(bounded 30 dpkg-query --show --showformat='${db:Status-Status}' -- "$1" 2>/dev/null)" = installed ]
    fi
}

for package in $packages; do
    installed "$package" || fail "the package $package is not there"
done
