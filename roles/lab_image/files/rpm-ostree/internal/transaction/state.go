// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package transaction

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Request is what a client asks for. An equal one is joined instead of refused.
type Request struct {
	// Method is the D-Bus method that the real client would call.
	Method string `json:"method"`
	// Title is the command line.
	Title string `json:"title"`
	// Client describes who asked.
	Client string `json:"client"`
}

// Active is a running transaction.
type Active struct {
	Request
	ID  string `json:"id"`
	PID int    `json:"pid"`
}

// Folder is where the state of transactions is.
type Folder struct {
	path string
}

// In returns the folder of a system.
func In(root string) Folder {
	return Folder{filepath.Join(root, "run/rpm-ostree")}
}

func (f Folder) lockPath() string            { return filepath.Join(f.path, "transaction.lock") }
func (f Folder) activePath() string          { return filepath.Join(f.path, "transaction.json") }
func (f Folder) rebootPath() string          { return filepath.Join(f.path, "reboot-initiated") }
func (f Folder) outputPath(id string) string { return filepath.Join(f.path, "output-"+id) }
func (f Folder) resultPath(id string) string { return filepath.Join(f.path, "result-"+id) }

// Active returns the running transaction, or nil.
func (f Folder) Active() *Active {
	// The worker writes its description a moment after the lock is taken.
	for i := 0; i < 100 && isLocked(f.lockPath()); i++ {
		var active Active
		data, err := os.ReadFile(f.activePath())
		if err == nil && json.Unmarshal(data, &active) == nil && alive(active.PID) {
			return &active
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}

func alive(pid int) bool {
	_, err := os.Stat("/proc/" + strconv.Itoa(pid))
	return err == nil
}

// MarkReboot remembers that a reboot was asked for: nothing may start any more.
func (f Folder) MarkReboot() error {
	return os.WriteFile(f.rebootPath(), nil, 0o644)
}

// BusyError is the refusal while another transaction runs.
type BusyError struct {
	Title string
}

func (e BusyError) Error() string {
	return fmt.Sprintf("Transaction in progress: %s\n You can cancel the current transaction with `rpm-ostree cancel`", e.Title)
}

// Describe names the caller as the daemon does in "status".
func Describe() string {
	id := os.Getenv("RPMOSTREE_CLIENT_ID")
	if id == "" {
		id = "cli"
	}
	unit := Unit()
	if unit != "" {
		unit = " unit:" + unit
	}
	return fmt.Sprintf("client(id:%s dbus:1.%d%s uid:%d)", id, os.Getpid(), unit, os.Getuid())
}

// Unit is the systemd unit that this process belongs to.
func Unit() string {
	data, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return ""
	}
	parts := strings.Split(strings.TrimSpace(string(data)), "/")
	for i := len(parts) - 1; i >= 0; i-- {
		if strings.HasSuffix(parts[i], ".service") || strings.HasSuffix(parts[i], ".scope") {
			return parts[i]
		}
	}
	return ""
}

func writeJSON(path string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", data, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
