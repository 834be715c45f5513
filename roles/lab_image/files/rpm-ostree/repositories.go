// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"evergreen.fleet/lab/rpm-ostree/internal/debian"
	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
)

// repository is a section of a file in /etc/yum.repos.d: where the real program looks, with Debian packages behind it.
type repository struct {
	id      string
	baseURL string
	// index is the folder of the Packages file below the base URL; empty in a flat repository.
	index string
}

const cacheDir = "var/cache/rpm-ostree"

func (inv *invocation) repositories() ([]repository, error) {
	etc := filepath.Join(inv.root, "etc")
	if !inv.sysroot.Live() {
		etc = filepath.Join(inv.sysroot.First(inv.osname).Dir, "etc")
	}
	paths, err := filepath.Glob(filepath.Join(etc, "yum.repos.d/*.repo"))
	if err != nil {
		return nil, err
	}
	var repositories []repository
	for _, path := range paths {
		file, err := ostree.ReadKeyFile(path)
		if err != nil {
			return nil, err
		}
		for _, id := range file.Groups() {
			baseURL, _ := file.Get(id, "baseurl")
			index, _ := file.Get(id, "index")
			if enabled, set := file.Get(id, "enabled"); baseURL == "" || set && enabled != "1" && enabled != "true" {
				continue
			}
			repositories = append(repositories, repository{id, strings.TrimSuffix(baseURL, "/"), index})
		}
	}
	return repositories, nil
}

func (inv *invocation) cachedIndex(repo repository) string {
	return filepath.Join(inv.root, cacheDir, "repomd", repo.id, "Packages")
}

// available reads the indexes of all repositories, new ones unless only the cache may be used.
func (inv *invocation) available(ctx context.Context, cacheOnly bool) ([]*debian.Package, error) {
	repositories, err := inv.repositories()
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, repo := range repositories {
		ids = append(ids, repo.id)
	}
	fmt.Println("Enabled rpm-md repositories: " + strings.Join(ids, " "))
	var packages []*debian.Package
	for _, repo := range repositories {
		if !cacheOnly {
			if err := step("Updating metadata for '"+repo.id+"'", func() error { return inv.fetchIndex(ctx, repo) }); err != nil {
				return nil, err
			}
		}
		index, err := os.ReadFile(inv.cachedIndex(repo))
		if err != nil {
			return nil, fmt.Errorf("cache-only enabled but no cache for '%s'", repo.id)
		}
		for _, paragraph := range debian.Paragraphs(string(index)) {
			parsed, err := debian.ParsePackage(paragraph)
			if err != nil {
				return nil, fmt.Errorf("Repository '%s': %w", repo.id, err)
			}
			parsed.Repository = repo.id
			packages = append(packages, parsed)
		}
	}
	return packages, nil
}

func (inv *invocation) fetchIndex(ctx context.Context, repo repository) error {
	target := inv.cachedIndex(repo)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	url := strings.TrimSuffix(repo.baseURL+"/"+repo.index, "/")
	packed := target + ".gz"
	defer os.Remove(packed)
	if err := download(ctx, url+"/Packages.gz", packed); err != nil {
		return fmt.Errorf("cannot update repo '%s': %w", repo.id, err)
	}
	file, err := os.Open(packed)
	if err != nil {
		return err
	}
	defer file.Close()
	reader, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("cannot update repo '%s': %w", repo.id, err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		return fmt.Errorf("cannot update repo '%s': %w", repo.id, err)
	}
	if err := os.WriteFile(target+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(target+".new", target)
}

func download(ctx context.Context, url, target string) error {
	return ostree.Run(ctx, ostree.Command{Args: []string{
		"curl", "--fail", "--silent", "--show-error", "--location", "--output", target, "--", url,
	}})
}

// fetch downloads a package of a repository and checks it against the index.
func (inv *invocation) fetch(ctx context.Context, wanted *debian.Package, folder string) (string, error) {
	repositories, err := inv.repositories()
	if err != nil {
		return "", err
	}
	target := filepath.Join(folder, filepath.Base(wanted.Filename))
	for _, repo := range repositories {
		if repo.id != wanted.Repository {
			continue
		}
		if err := download(ctx, repo.baseURL+"/"+strings.TrimPrefix(wanted.Filename, "./"), target); err != nil {
			return "", fmt.Errorf("Cannot download %s: %w", wanted.Filename, err)
		}
		digest, err := fileDigest(target)
		if err != nil {
			return "", err
		}
		if digest != wanted.SHA256 {
			return "", fmt.Errorf("Downloaded %s has the checksum %s, and the index says %s", wanted.Filename, digest, wanted.SHA256)
		}
		return target, nil
	}
	return "", fmt.Errorf("No repository has %s any more", wanted.NEVRA())
}

func fileDigest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
