// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"evergreen.fleet/lab/rpm-ostree/internal/debian"
	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
)

// Metadata of a cached package's commit, beside that of rpm-ostree.
const (
	metaControl = "evergreen.lab.control"
	metaDigest  = "evergreen.lab.sha256"
)

const dpkgFolder = "usr/lib/sysimage/dpkg"

// What the base of the lab image leaves out too.
var leftOut = []string{"usr/share/doc/", "usr/share/man/", "usr/share/locale/", "usr/share/info/"}

// importPackage commits the content of a package file in the layout of an OSTree commit. Maintainer scripts do not run.
func (inv *invocation) importPackage(ctx context.Context, file string) (*debian.Package, error) {
	control, err := ostree.Output(ctx, "dpkg-deb", "--field", file)
	if err != nil {
		return nil, err
	}
	parsed, err := debian.ParsePackage(control)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	digest, err := fileDigest(file)
	if err != nil {
		return nil, err
	}
	parsed.SHA256 = digest
	ref := packageRef(parsed.NEVRA())
	if cached := inv.cachedPackage(ref); cached != nil && cached.SHA256 == digest {
		return cached, nil
	}
	original, unpacked := io.Pipe()
	layout, converted := io.Pipe()
	go func() {
		unpacked.CloseWithError(ostree.Run(ctx, ostree.Command{Args: []string{"dpkg-deb", "--fsys-tarfile", file}, Stdout: unpacked}))
	}()
	go func() {
		converted.CloseWithError(convertLayout(parsed, original, converted))
	}()
	return parsed, ostree.Run(ctx, ostree.Command{
		Args: inv.sysroot.RepoCommand("commit", "--branch="+ref, "--parent=none", "--no-bindings",
			"--subject="+parsed.NEVRA(), "--tree=tar=/dev/stdin", "--tar-autocreate-parents",
			"--add-metadata-string="+metaControl+"="+control, "--add-metadata-string="+metaDigest+"="+digest),
		Stdin:  layout,
		Stdout: io.Discard,
	})
}

// cachedPackage returns the package that a ref holds, or nil.
func (inv *invocation) cachedPackage(ref string) *debian.Package {
	checksum := inv.sysroot.Repo.Resolve(ref)
	if checksum == "" {
		return nil
	}
	commit, err := inv.sysroot.Repo.Commit(checksum)
	if err != nil {
		return nil
	}
	parsed, err := debian.ParsePackage(commit.Metadata.String(metaControl))
	if err != nil {
		return nil
	}
	parsed.SHA256 = commit.Metadata.String(metaDigest)
	return parsed
}

// convertLayout moves /etc to /usr/etc and what is linked into /usr to where it is, turns folders of /var into a
// tmpfiles.d entry, and adds dpkg's list of the files.
func convertLayout(source *debian.Package, input io.Reader, output io.Writer) error {
	reader, writer := tar.NewReader(input), tar.NewWriter(output)
	var list, varFolders strings.Builder
	for {
		header, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		name := strings.Trim(path.Clean("/"+header.Name), "/")
		list.WriteString("/" + name + "\n")
		if strings.HasPrefix(name+"/", "var/") {
			if header.Typeflag == tar.TypeDir && strings.Count(name, "/") > 1 {
				fmt.Fprintf(&varFolders, "d /%s %04o %d %d - -\n", name, header.Mode&0o7777, header.Uid, header.Gid)
			}
			continue
		}
		target, err := committedPath(name)
		if err != nil {
			return fmt.Errorf("%s: %w", source.NEVRA(), err)
		}
		if target == "" || slices.ContainsFunc(leftOut, func(prefix string) bool { return strings.HasPrefix(target, prefix) }) {
			continue
		}
		header.Name = target
		if header.Typeflag == tar.TypeLink {
			if header.Linkname, err = committedPath(strings.Trim(path.Clean("/"+header.Linkname), "/")); err != nil {
				return err
			}
		}
		if err := writer.WriteHeader(header); err != nil {
			return err
		}
		if _, err := io.Copy(writer, reader); err != nil {
			return err
		}
	}
	if err := addFile(writer, dpkgFolder+"/info/"+source.Name+".list", list.String()); err != nil {
		return err
	}
	if varFolders.Len() > 0 {
		if err := addFile(writer, "usr/lib/tmpfiles.d/pkg-"+source.Name+".conf", varFolders.String()); err != nil {
			return err
		}
	}
	return writer.Close()
}

// committedPath is where a path of a Debian package is in a commit; empty for the folders above.
func committedPath(name string) (string, error) {
	first, rest, below := strings.Cut(name, "/")
	switch first {
	case "usr":
		if rest == "local" || strings.HasPrefix(rest, "local/") {
			return "", fmt.Errorf("/%s is not part of a deployment", name)
		}
		return name, nil
	case "etc", "bin", "sbin", "lib", "lib64":
		return "usr/" + name, nil
	}
	if below {
		return "", fmt.Errorf("/%s is not part of a deployment", name)
	}
	return "", nil
}

func addFile(writer *tar.Writer, name, content string) error {
	header := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg}
	if err := writer.WriteHeader(header); err != nil {
		return err
	}
	_, err := writer.Write([]byte(content))
	return err
}

// singleFile is a tar stream with one file.
func singleFile(name string, content []byte) (io.Reader, error) {
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	if err := addFile(writer, name, string(content)); err != nil {
		return nil, err
	}
	return &buffer, writer.Close()
}
