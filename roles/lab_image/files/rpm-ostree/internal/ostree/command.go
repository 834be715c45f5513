// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package ostree

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// Command is a call of a program on behalf of a transaction.
type Command struct {
	Args   []string
	Stdin  io.Reader
	Stdout io.Writer
}

// Run calls a program. It dies with this process, so that a killed transaction leaves nothing running behind it.
// The error is the program's own last message.
func Run(ctx context.Context, command Command) error {
	process := exec.CommandContext(ctx, command.Args[0], command.Args[1:]...)
	var messages bytes.Buffer
	process.Stdin = command.Stdin
	process.Stdout = command.Stdout
	process.Stderr = &messages
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	process.Cancel = func() error { return process.Process.Signal(syscall.SIGTERM) }
	process.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	err := process.Run()
	if ctx.Err() != nil {
		return errors.New("Operation was cancelled")
	}
	if err == nil {
		return nil
	}
	message := ""
	for _, line := range strings.Split(strings.TrimSpace(messages.String()), "\n") {
		// The ostree program marks its error; other programs end with it.
		if text, marked := strings.CutPrefix(line, "error: "); marked || message == "" {
			message = text
		}
	}
	if message == "" {
		message = command.Args[0] + ": " + err.Error()
	}
	return errors.New(message)
}

// Output calls a program and returns what it prints.
func Output(ctx context.Context, args ...string) (string, error) {
	var output bytes.Buffer
	err := Run(ctx, Command{Args: args, Stdout: &output})
	return strings.TrimSpace(output.String()), err
}

// RepoCommand is a call of the ostree program on the repository of the system.
func (s *Sysroot) RepoCommand(verb string, args ...string) []string {
	return append([]string{"ostree", verb, "--repo=" + s.Repo.Path}, args...)
}

// AdminCommand is a call of "ostree admin".
func (s *Sysroot) AdminCommand(verb string, args ...string) []string {
	command := []string{"ostree", "admin", verb}
	if !s.Live() {
		command = append(command, "--sysroot="+s.Root)
	}
	return append(command, args...)
}
