#!/usr/bin/env bash
# Copyright (c) 2026 evergreen.fleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Soon after an update, a boot that the watchdog caused is a bad one.
set -u

if [ -f /etc/greenboot/greenboot.conf ]; then
    # shellcheck source=/dev/null
    . /etc/greenboot/greenboot.conf
fi
if [ "${GREENBOOT_WATCHDOG_CHECK_ENABLED:-}" != true ]; then
    echo "The watchdog check is not enabled"
    exit 0
fi
status=/sys/class/watchdog/watchdog0/bootstatus
if [ ! -r $status ]; then
    echo "There is no watchdog"
    exit 0
fi
# 32: the watchdog reset the processor (WDIOF_CARDRESET).
if [ $(($(cat $status) & 32)) = 0 ]; then
    echo "This boot was not caused by the watchdog"
    exit 0
fi
deployment=$(sed -n 's/.* ostree=\([^ ]*\).*/\1/p' /proc/cmdline)
age=$((($(date +%s) - $(stat --format=%Y "$(readlink -f "${deployment:-/}").origin")) / 3600))
if [ "$age" -lt "${GREENBOOT_WATCHDOG_GRACE_PERIOD:-24}" ]; then
    echo "The watchdog reset this machine, $age hours after the update"
    exit 1
fi
