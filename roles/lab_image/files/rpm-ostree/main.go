// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The rpm-ostree of the evergreen lab guest: a stand-in with the command line of the real program, over real libostree
// deployments and Debian packages. README.md says what is real and what is not.
package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
	"evergreen.fleet/lab/rpm-ostree/internal/transaction"
)

const (
	// The real program whose behaviour this one follows.
	realVersion = "2026.2"

	exitUnchanged = 77
)

// unchanged ends the program with 77 and no message: nothing was changed, or something is pending.
var unchanged = errors.New("unchanged")

func main() {
	err := run(os.Args[1:])
	switch {
	case err == nil:
	case errors.Is(err, unchanged):
		os.Exit(exitUnchanged)
	case transaction.IsWorker:
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "error: "+err.Error())
		os.Exit(1)
	}
}

// invocation is one call of the program.
type invocation struct {
	*arguments
	title   string
	root    string
	sysroot *ostree.Sysroot
	folder  transaction.Folder
	osname  string
}

func run(args []string) error {
	root := "/"
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch name, value, hasValue := strings.Cut(args[0], "="); {
		case name == "--version":
			printVersion()
			return nil
		case name == "--help" || name == "-h":
			printHelp()
			return nil
		case name == "--sysroot" && hasValue:
			root = value
		case name == "--sysroot" && len(args) > 1:
			root = args[1]
			args = args[1:]
		case name == "--quiet" || name == "-q" || name == "--peer":
		default:
			return fmt.Errorf("Unknown option %s", name)
		}
		args = args[1:]
	}
	if len(args) == 0 {
		printHelp()
		return errors.New("No command specified")
	}
	for _, command := range commands {
		if slices.Contains(command.names, args[0]) {
			return command.start(root, args)
		}
	}
	return fmt.Errorf("Unknown command '%s'", args[0])
}

// start parses the command line and loads the state of the system.
func (c command) start(root string, args []string) error {
	known := slices.Concat(c.options, flags("help|h", "quiet|q", "peer"), values("stateroot|os", "sysroot"))
	parsed, err := parseArguments(args[1:], known)
	if err != nil {
		return err
	}
	if parsed.has("help") {
		printCommandHelp(c)
		return nil
	}
	if parsed.has("sysroot") {
		root = parsed.text("sysroot")
	}
	inv := &invocation{arguments: parsed, title: strings.Join(args, " ") + " ", root: root, folder: transaction.In(root)}
	if err := inv.load(); err != nil {
		return err
	}
	return c.run(inv)
}

func (inv *invocation) load() error {
	if inv.root == "/" {
		if _, err := os.Stat("/run/ostree-booted"); err != nil {
			return errors.New("This system was not booted via libostree.\n" +
				"Currently, most rpm-ostree commands only work on ostree-based host systems.")
		}
	}
	sysroot, err := ostree.Load(inv.root)
	if err != nil {
		return err
	}
	inv.sysroot = sysroot
	inv.osname = inv.text("stateroot")
	if inv.osname == "" {
		if booted := sysroot.Booted(); booted != nil {
			inv.osname = booted.OSName
		} else if len(sysroot.Deployments) > 0 {
			inv.osname = sysroot.Deployments[0].OSName
		}
	}
	if len(sysroot.Deployments) > 0 && sysroot.First(inv.osname) == nil {
		return fmt.Errorf("OS name \"%s\" not found", inv.osname)
	}
	return nil
}

// defaultID is the deployment that boots next: commands report "unchanged" when it stays the same.
func (inv *invocation) defaultID() string {
	if first := inv.sysroot.First(inv.osname); first != nil {
		return first.ID()
	}
	return ""
}

func printVersion() {
	fmt.Printf("rpm-ostree:\n Version: '%s'\n Git: none\n Stand-in: evergreen lab guest, not the real rpm-ostree\n"+
		" Features:\n  - lab-debian-packages\n", realVersion)
}

func printHelp() {
	fmt.Println("Usage:\n  rpm-ostree [OPTION…] COMMAND\n\n" +
		"The stand-in of the evergreen lab guest: the command line of rpm-ostree over real libostree deployments.\n\n" +
		"Commands:")
	for _, command := range commands {
		if command.summary != "" {
			fmt.Printf("  %-20s %s\n", command.names[0], command.summary)
		}
	}
	fmt.Println("\nOptions:\n  --sysroot=PATH       Use the system in a folder\n  --version            Print the version\n" +
		"  -q, --quiet          Accepted and ignored")
}

func printCommandHelp(c command) {
	fmt.Printf("Usage:\n  rpm-ostree %s [OPTION…]\n\n%s\n\nOptions:\n", c.names[0], c.summary)
	for _, option := range c.options {
		text := ""
		for _, name := range option.names {
			dashes := "--"
			if len(name) == 1 {
				dashes = "-"
			}
			text += " " + dashes + name
		}
		if option.value {
			text += " VALUE"
		}
		fmt.Println(" " + text)
	}
}
