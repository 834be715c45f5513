// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import "slices"

// command is a verb of the command line. Without a summary it is left out of the help.
type command struct {
	names   []string
	summary string
	options []option
	run     func(*invocation) error
}

var (
	changing    = slices.Concat(flags("reboot|r", "lock-finalization"), values("install", "uninstall"))
	downloading = flags("cache-only|C", "download-only")
	unchanged77 = flags("unchanged-exit-77")
)

// Filled in init: the commands refer to functions that print the list.
var commands []command

func init() {
	commands = []command{
		{[]string{"status"}, "Get the version of the booted system",
			append(flags("json", "booted|b", "verbose|v", "pending-exit-77", "pretty|p", "advisories|a"), values("jsonpath")...),
			runStatus},
		{[]string{"install", "pkg-add"}, "Overlay additional packages",
			slices.Concat(changing, downloading, unchanged77, flags("dry-run|n", "assumeyes|y", "allow-inactive", "idempotent",
				"apply-live|A", "force-replacefiles")), runInstall},
		{[]string{"uninstall", "remove", "pkg-remove"}, "Remove overlayed additional packages",
			slices.Concat(changing, unchanged77, flags("dry-run|n", "assumeyes|y", "allow-inactive", "idempotent", "all")), runUninstall},
		{[]string{"override"}, "Manage base package overrides",
			slices.Concat(changing, downloading, flags("dry-run|n", "all|a"), values("remove", "replace")), runOverride},
		{[]string{"reset"}, "Remove all mutations",
			slices.Concat(changing, flags("overlays|l", "overrides|o", "initramfs|i")), runReset},
		{[]string{"upgrade", "update"}, "Perform a system upgrade",
			slices.Concat(changing, downloading, unchanged77, flags("upgrade-unchanged-exit-77", "allow-downgrade", "preview",
				"check", "bypass-driver", "trigger-automatic-update-policy")), runUpgrade},
		{[]string{"deploy"}, "Deploy a specific commit",
			slices.Concat(changing, downloading, unchanged77, flags("skip-branch-check", "disallow-downgrade", "bypass-driver"),
				values("register-driver")), runDeploy},
		{[]string{"rebase"}, "Switch to a different tree",
			slices.Concat(changing, downloading, flags("skip-purge", "experimental", "disallow-downgrade", "bypass-driver"),
				values("branch|b", "remote|m", "custom-origin-description", "custom-origin-url")), runRebase},
		{[]string{"rollback"}, "Revert to the previously booted tree", flags("reboot|r"), runRollback},
		{[]string{"kargs"}, "Query or modify kernel arguments",
			slices.Concat(flags("reboot", "lock-finalization", "import-proc-cmdline"), unchanged77,
				values("append", "delete", "replace", "append-if-missing", "delete-if-present", "deploy-index")), runKargs},
		{[]string{"initramfs"}, "Enable or disable local initramfs regeneration",
			slices.Concat(flags("enable", "disable", "reboot|r", "lock-finalization"), values("arg")), runInitramfs},
		{[]string{"initramfs-etc"}, "Add files to the initramfs",
			slices.Concat(flags("untrack-all", "force-sync", "reboot|r", "lock-finalization"), unchanged77,
				values("track", "untrack")), runInitramfsEtc},
		{[]string{"cleanup"}, "Clear cached/pending data", flags("base|b", "pending|p", "rollback|r", "repomd|m"), runCleanup},
		{[]string{"apply-live"}, "Apply pending deployment changes to booted deployment",
			slices.Concat(flags("reset", "allow-replacement"), values("target")), runApplyLive},
		{[]string{"finalize-deployment"}, "Unset the finalization locking state of the staged deployment and reboot",
			flags("allow-missing-checksum", "allow-unlocked"), runFinalize},
		{[]string{"db"}, "Commands to query the package database",
			slices.Concat(flags("changelogs|c", "advisories|a", "base"), values("format")), runDB},
		{[]string{"refresh-md", "makecache"}, "Generate package repo metadata", flags("force|f"), runRefreshMD},
		{[]string{"reload"}, "Reload configuration", nil, runReload},
		{[]string{"cancel"}, "Cancel an active transaction", nil, runCancel},
	}
}
