// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package transaction

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	idVariable   = "RPM_OSTREE_LAB_TRANSACTION"
	pollInterval = 50 * time.Millisecond
	// A client that joined late still has to read the end of the transaction.
	keepResults = 10 * time.Minute
)

// The real client says this when the daemon dies.
var errWorkerGone = errors.New("Bus owner changed, aborting. This likely means the daemon crashed; check logs with `journalctl -xe`.")

type result struct {
	Error string `json:"error"`
}

// Run starts a transaction, or joins an equal one, and copies its output until it ends. isolate gives the worker its own
// view of the mounts, so that it can write where the system cannot.
func (f Folder) Run(request Request, output io.Writer, isolate bool) error {
	if _, err := os.Stat(f.rebootPath()); err == nil {
		return errors.New("Reboot initiated, cannot start new transaction")
	}
	if err := os.MkdirAll(f.path, 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(f.lockPath(), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer lock.Close()
	locked, err := tryLock(lock)
	if err != nil {
		return err
	}
	if !locked {
		active := f.Active()
		if active == nil {
			// It ended meanwhile.
			return f.Run(request, output, isolate)
		}
		if active.Method != request.Method || active.Title != request.Title {
			return BusyError{active.Title}
		}
		fmt.Fprintf(output, "Attaching to existing transaction: %s\n", active.Title)
		return f.follow(active.ID, output, io.SeekEnd, func() bool { return alive(active.PID) })
	}
	f.clean()
	id := fmt.Sprintf("%d-%d", time.Now().UnixNano(), os.Getpid())
	worker, err := f.start(id, request, lock, isolate)
	if err != nil {
		return err
	}
	lock.Close()
	defer interrupt(worker.Process)()
	running := make(chan struct{})
	go func() {
		defer close(running)
		_ = worker.Wait()
	}()
	return f.follow(id, output, io.SeekStart, func() bool {
		select {
		case <-running:
			return false
		default:
			return true
		}
	})
}

func (f Folder) start(id string, request Request, lock *os.File, isolate bool) (*exec.Cmd, error) {
	log, err := os.OpenFile(f.outputPath(id), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	description, err := json.Marshal(Active{Request: request, ID: id})
	if err != nil {
		return nil, err
	}
	worker := exec.Command("/proc/self/exe", os.Args[1:]...)
	worker.Env = append(os.Environ(), idVariable+"="+string(description))
	worker.Stdout = log
	worker.Stderr = log
	worker.ExtraFiles = []*os.File{lock}
	worker.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if isolate {
		worker.SysProcAttr.Unshareflags = syscall.CLONE_NEWNS
	}
	return worker, worker.Start()
}

// As in the real client, Ctrl-C cancels the transaction.
func interrupt(worker *os.Process) func() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT)
	go func() {
		for range signals {
			_ = worker.Signal(syscall.SIGTERM)
		}
	}()
	return func() { signal.Stop(signals) }
}

func (f Folder) follow(id string, output io.Writer, from int, running func() bool) error {
	log, err := os.Open(f.outputPath(id))
	if err != nil {
		return err
	}
	defer log.Close()
	if _, err := log.Seek(0, from); err != nil {
		return err
	}
	for {
		// Asked before the copy, so that what was written last is still copied.
		over := !running()
		if data, err := os.ReadFile(f.resultPath(id)); err == nil {
			_, _ = io.Copy(output, log)
			return parseResult(data)
		}
		_, _ = io.Copy(output, log)
		if over {
			return errWorkerGone
		}
		time.Sleep(pollInterval)
	}
}

func parseResult(data []byte) error {
	var outcome result
	if err := json.Unmarshal(data, &outcome); err != nil {
		return err
	}
	if outcome.Error != "" {
		return errors.New(outcome.Error)
	}
	return nil
}

func (f Folder) clean() {
	_ = os.Remove(f.activePath())
	for _, pattern := range []string{"output-*", "result-*"} {
		paths, _ := filepath.Glob(filepath.Join(f.path, pattern))
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > keepResults {
				_ = os.Remove(path)
			}
		}
	}
}

// Cancel asks the running transaction to stop and waits until it has.
func (f Folder) Cancel(output io.Writer) error {
	active := f.Active()
	if active == nil {
		fmt.Fprintln(output, "No active transaction.")
		return nil
	}
	fmt.Fprintf(output, "Cancelling transaction: %s\n", strings.TrimSpace(active.Title))
	if err := syscall.Kill(active.PID, syscall.SIGTERM); err != nil && err != syscall.ESRCH {
		return err
	}
	for alive(active.PID) {
		time.Sleep(pollInterval)
	}
	fmt.Fprintln(output, "Cancelled.")
	return nil
}
