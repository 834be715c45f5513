// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"evergreen.fleet/lab/rpm-ostree/internal/debian"
	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
)

// Metadata of a layered commit. Those of rpm-ostree's own names hold what the real program keeps there.
const (
	metaClientLayer = "rpmostree.clientlayer"
	metaPackages    = "rpmostree.packages"
	metaRemoved     = "rpmostree.removed-base-packages"
	metaReplaced    = "rpmostree.replaced-base-packages"
	metaState       = "rpmostree.state-sha512"
	metaRepos       = "rpmostree.rpmmd-repos"
	// metaLayered lists the refs of everything added, dependencies too.
	metaLayered = "evergreen.lab.layered"
)

func isLayered(commit *ostree.Commit) bool {
	layered, _ := commit.Metadata.Get(metaClientLayer).(bool)
	return layered
}

// assemble commits a layer on its base. Only what differs is written: libostree adds it to the directory objects of the
// base, so that no tree has to be checked out. Until the result is deployed nothing refers to it.
func (inv *invocation) assemble(ctx context.Context, wanted *layer) (string, error) {
	base := wanted.base
	var err error
	if len(wanted.removed)+len(wanted.replaced) > 0 {
		if base, err = inv.withoutFiles(ctx, wanted); err != nil {
			return "", err
		}
	}
	database := map[string]*debian.Package{}
	for name, installed := range wanted.installed {
		database[name] = installed
	}
	overlays := wanted.refs()
	for name, chosen := range wanted.chosen {
		database[name] = chosen.AsInstalled()
	}
	for _, replaced := range wanted.replaced {
		overlays = append(overlays, packageRef(replaced.with.NEVRA()))
	}
	status, err := singleFile(dpkgFolder+"/status", []byte(debian.Status(database)))
	if err != nil {
		return "", err
	}
	args := []string{"--base=" + base}
	for _, ref := range overlays {
		args = append(args, "--tree=ref="+ref)
	}
	args = append(args, "--tree=tar=/dev/stdin", "--tar-autocreate-parents")
	metadata, err := inv.layerMetadata(wanted)
	if err != nil {
		return "", err
	}
	if !wanted.origin.Initramfs() {
		return inv.commit(ctx, wanted.base, append(args, metadata...), status)
	}
	content, err := inv.commit(ctx, wanted.base, args, status)
	if err != nil {
		return "", err
	}
	image, path, err := inv.generateInitramfs(ctx, content, wanted.origin.InitramfsArgs())
	if err != nil {
		return "", fmt.Errorf("Generating initramfs: %w", err)
	}
	file, err := singleFile(path, image)
	if err != nil {
		return "", err
	}
	args = []string{"--base=" + content, "--tree=tar=/dev/stdin", "--tar-autocreate-parents"}
	return inv.commit(ctx, wanted.base, append(args, metadata...), file)
}

func (inv *invocation) commit(ctx context.Context, parent string, args []string, input io.Reader) (string, error) {
	var output strings.Builder
	err := ostree.Run(ctx, ostree.Command{
		Args: inv.sysroot.RepoCommand("commit",
			append([]string{"--orphan", "--no-bindings", "--bootable", "--parent=" + parent}, args...)...),
		Stdin:  input,
		Stdout: &output,
	})
	return strings.TrimSpace(output.String()), err
}

// withoutFiles commits the base without the files of the packages that go.
func (inv *invocation) withoutFiles(ctx context.Context, wanted *layer) (string, error) {
	gone := wanted.removed
	for _, replaced := range wanted.replaced {
		gone = append(gone, replaced.of)
	}
	var paths []string
	for _, removed := range gone {
		files, err := inv.filesOf(wanted.base, removed)
		if err != nil {
			return "", err
		}
		paths = append(paths, files...)
	}
	list, err := os.CreateTemp("", "rpmostree-lab-")
	if err != nil {
		return "", err
	}
	defer os.Remove(list.Name())
	defer list.Close()
	if _, err := list.WriteString(strings.Join(paths, "\n") + "\n"); err != nil {
		return "", err
	}
	return inv.commit(ctx, wanted.base, []string{"--tree=ref=" + wanted.base, "--skip-list=" + list.Name()}, nil)
}

// filesOf lists the files of an installed package that the commit has, as dpkg recorded them.
func (inv *invocation) filesOf(commit string, removed *debian.Package) ([]string, error) {
	repo := inv.sysroot.Repo
	name := dpkgFolder + "/info/" + removed.Name
	list, err := repo.ReadFile(commit, name+".list")
	if errors.Is(err, fs.ErrNotExist) {
		name += ":" + removed.Architecture
		list, err = repo.ReadFile(commit, name+".list")
	}
	if err != nil {
		return nil, fmt.Errorf("The file list of %s: %w", removed.Name, err)
	}
	candidates := []string{name + ".list"}
	for _, line := range strings.Split(string(list), "\n") {
		if target, err := committedPath(strings.Trim(line, "/")); err == nil && target != "" {
			candidates = append(candidates, target)
		}
	}
	var files []string
	for _, candidate := range candidates {
		present, err := repo.Exists(commit, candidate)
		if err != nil {
			return nil, err
		}
		if present {
			files = append(files, "/"+candidate)
		}
	}
	return files, nil
}

func (inv *invocation) layerMetadata(wanted *layer) ([]string, error) {
	base, err := inv.sysroot.Repo.Commit(wanted.base)
	if err != nil {
		return nil, err
	}
	var removed, replaced, repos []string
	for _, item := range wanted.removed {
		removed = append(removed, "<"+nevraTuple(item)+">")
	}
	for _, item := range wanted.replaced {
		replaced = append(replaced, "(<"+nevraTuple(item.with)+">, <"+nevraTuple(item.of)+">)")
	}
	for _, repo := range wanted.repositories {
		stamp := int64(0)
		if info, err := os.Stat(inv.cachedIndex(repo)); err == nil {
			stamp = info.ModTime().Unix()
		}
		repos = append(repos, fmt.Sprintf("{'id': <%s>, 'timestamp': <uint64 %d>}", quote(repo.id), stamp))
	}
	metadata := []string{
		"--add-metadata=" + metaClientLayer + "=true",
		"--add-metadata=rpmostree.clientlayer_version=uint32 6",
		"--add-metadata=" + metaPackages + "=@as [" + quoted(wanted.requestedNames()) + "]",
		"--add-metadata=" + metaRemoved + "=@av [" + strings.Join(removed, ", ") + "]",
		"--add-metadata=" + metaReplaced + "=@a(vv) [" + strings.Join(replaced, ", ") + "]",
		"--add-metadata=" + metaRepos + "=@aa{sv} [" + strings.Join(repos, ", ") + "]",
		"--add-metadata=" + metaLayered + "=@as [" + quoted(wanted.refs()) + "]",
		"--add-metadata-string=" + metaState + "=" + wanted.digest(),
	}
	if version := base.Metadata.String("version"); version != "" {
		metadata = append(metadata, "--add-metadata-string=version="+version)
	}
	return metadata, nil
}

// requestedNames are the layered packages that were asked for, by name or by file.
func (l *layer) requestedNames() []string {
	names := append([]string{}, l.packages...)
	for _, file := range l.requestedFiles {
		names = append(names, file.Name)
	}
	return names
}

// GVariant's text format.

func nevraTuple(item *debian.Package) string {
	epoch, version, release := item.VersionRelease()
	return fmt.Sprintf("(%s, %s, uint64 %d, %s, %s, %s)",
		quote(item.NEVRA()), quote(item.Name), epoch, quote(version), quote(release), quote(item.Architecture))
}

func quote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

func quoted(items []string) string {
	var parts []string
	for _, item := range items {
		parts = append(parts, quote(item))
	}
	return strings.Join(parts, ", ")
}
