// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package transaction

import (
	"context"
	"encoding/json"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// The lock is the first file after the standard ones.
const lockDescriptor = 3

// IsWorker says whether this process is to do the work rather than to ask for it.
var IsWorker = os.Getenv(idVariable) != ""

// A process that is to die with its parent is bound to the thread that started it.
func init() {
	if IsWorker {
		runtime.LockOSThread()
	}
}

// Work runs a transaction and leaves its result for the clients.
func (f Folder) Work(execute func(context.Context) error) error {
	syscall.CloseOnExec(lockDescriptor)
	var active Active
	if err := json.Unmarshal([]byte(os.Getenv(idVariable)), &active); err != nil {
		return err
	}
	if err := os.Unsetenv(idVariable); err != nil {
		return err
	}
	active.PID = os.Getpid()
	if err := writeJSON(f.activePath(), active); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	outcome := result{}
	err := execute(ctx)
	if err != nil {
		outcome.Error = err.Error()
	}
	if removeErr := os.Remove(f.activePath()); err == nil {
		err = removeErr
	}
	if writeErr := writeJSON(f.resultPath(active.ID), outcome); err == nil {
		err = writeErr
	}
	return err
}
