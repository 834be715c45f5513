#!/usr/bin/env bash
# Copyright (c) 2026 evergreen.fleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# What Fedora CoreOS has in its initramfs and Debian has not.

check() {
    return 0
}

depends() {
    echo systemd ignition ostree
}

# shellcheck disable=SC2154 # dracut sets moddir, initdir and systemdsystemunitdir
install() {
    inst_simple "$moddir/sysroot-var.service" "$systemdsystemunitdir/sysroot-var.service"
    inst_simple "$moddir/sysroot-var" /usr/libexec/sysroot-var
    inst_simple "$moddir/ignition-no-selinux.service" "$systemdsystemunitdir/ignition-no-selinux.service"
    inst_simple "$moddir/disk-gpt.service" "$systemdsystemunitdir/disk-gpt.service"
    inst_simple "$moddir/setfiles" /usr/sbin/setfiles
    inst_simple "$moddir/base.ign" /usr/lib/ignition/base.d/00-evergreen-lab.ign
    inst_multiple cat grep ln mkdir mount umount readlink rm sfdisk sgdisk udevadm
    for unit in sysroot-var ignition-no-selinux disk-gpt; do
        mkdir -p "$initdir/$systemdsystemunitdir/ignition-diskful.target.requires"
        ln -sf "../$unit.service" "$initdir/$systemdsystemunitdir/ignition-diskful.target.requires/$unit.service"
    done
}
