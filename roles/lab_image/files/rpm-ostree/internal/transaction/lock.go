// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Package transaction runs one change at a time, in a process of its own that outlives the client, as rpm-ostree's
// daemon does: a client that loses its connection does not stop the work.
package transaction

import (
	"os"
	"syscall"
)

// Locks of an open file description: they pass to the worker with the file, end with the last process that has it, and
// can be asked about without being taken. The numbers are from fcntl(2); package syscall has no names for them.
const (
	getOpenFileLock = 36
	setOpenFileLock = 37
)

func tryLock(file *os.File) (bool, error) {
	lock := syscall.Flock_t{Type: syscall.F_WRLCK}
	err := syscall.FcntlFlock(file.Fd(), setOpenFileLock, &lock)
	if err == syscall.EAGAIN || err == syscall.EACCES {
		return false, nil
	}
	return err == nil, err
}

func isLocked(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	lock := syscall.Flock_t{Type: syscall.F_RDLCK}
	err = syscall.FcntlFlock(file.Fd(), getOpenFileLock, &lock)
	return err == nil && lock.Type != syscall.F_UNLCK
}

// SystemBusy says whether another program, such as "ostree admin", holds libostree's own lock.
func SystemBusy(root string) bool {
	return isLocked(root + "/ostree/lock")
}
