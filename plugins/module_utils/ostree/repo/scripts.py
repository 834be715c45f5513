# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shell scripts that look at a repository, and those that sign and publish.

Every line of the output of the first says in its first word what it is about; objects are printed in base64. None of
them changes anything in the repository.
"""

from __future__ import annotations

# The folder and name of an object without its kind: 2 and 62 of its 64 digits.
_OBJECT = r"""
object() { rest=${1#??}; echo "objects/${1%"$rest"}/$rest"; }
"""

# A secret key as PKCS #8. It comes from a PEM file, or from one as "ostree sign" reads it: 64 bytes in base64, of which
# the first half is the key.
_SIGNING = r"""
secret() {
  openssl pkey -in "$1" -passin pass: -outform DER 2>/dev/null || {
    printf '\060\056\002\001\000\060\005\006\003\053\145\160\004\042\004\040'
    base64 -d <"$1" | head -c 32
  }
}
sign() { secret "$1" | openssl pkeyutl -sign -keyform DER -inkey /dev/stdin -rawin -in "$2" | base64 -w0; }
"""

# Arguments: the repository, how many commits back, the Ed25519 keys one a line, the refs or commits of interest.
# An Ed25519 signature of the same bytes is always the same, so whether a key has signed is told by signing again.
READ = (
    _OBJECT
    + _SIGNING
    + r"""
repo=$1 depth=$2 secrets=$3
shift 3
each_secret() {
  number=0
  printf '%s\n' "$secrets" | while IFS= read -r key; do
    [ -z "$key" ] || "$@"
    number=$((number + 1))
  done
}
public() { echo "public $number $(secret "$key" | openssl pkey -inform DER -pubout -outform DER | base64 -w0)"; }
would() { echo "would $1 $number $(sign "$key" "$2")"; }
each_secret public
[ -e "$repo" ] || { echo "kind absent"; exit; }
cd "$repo" 2>/dev/null || { echo "kind other"; exit; }
if ! { [ -f config ] && [ -d objects ] && [ -d refs ]; }; then
  if [ -z "$(ls -A)" ]; then echo "kind absent"; else echo "kind other"; fi
  exit
fi
echo "kind repository"
walk() {
  for entry in "$1"/*; do
    if [ -d "$entry" ]; then walk "$entry"; elif [ -f "$entry" ]; then echo "${entry#refs/heads/} $(cat "$entry")"; fi
  done
}
walk refs/heads | while read -r name at; do echo "ref $name $at"; done
for revision; do
  if [ -f "refs/heads/$revision" ]; then at=$(cat "refs/heads/$revision"); else at=$revision; fi
  steps=0
  while [ "${#at}" -eq 64 ] && [ -f "$(object "$at").commit" ] && ! [ -e "state/$at.commitpartial" ]; do
    echo "chain $revision $at"
    if [ "$steps" -eq 0 ]; then
      echo "commit $at $(base64 -w0 <"$(object "$at").commit")"
      [ -f "$(object "$at").commitmeta" ] && echo "meta $at $(base64 -w0 <"$(object "$at").commitmeta")"
      each_secret would "$at" "$(object "$at").commit"
    fi
    [ "$steps" -ne "$depth" ] || break
    steps=$((steps + 1))
    at=$(ostree rev-parse --repo=. "$at^" 2>/dev/null) || break
  done
done
if [ -f summary ]; then
  echo "summary $(base64 -w0 <summary)"
  each_secret would summary summary
  [ -f summary.sig ] && echo "meta summary $(base64 -w0 <summary.sig)"
fi
ostree static-delta list --repo=. | while read -r name; do echo "delta $name"; done
df -Pk . | { read -r _ && read -r _ total used _ && echo "room $total $((total - used))"; }
:
"""
)

# Arguments: the repository, the folder of the GPG keys, then pairs of a commit (or "summary") and a signature.
# gpg's status lines are its interface for programs. The first field is the key that signed, the last its primary key.
VERIFY_GPG = (
    _OBJECT
    + r"""
cd "$1" && home=$2 || exit
shift 2
while [ $# -gt 1 ]; do
  if [ "$1" = summary ]; then file=summary; else file=$(object "$1").commit; fi
  printf %s "$2" | base64 -d |
    gpg --homedir "$home" --batch --trust-model always --status-fd 1 --verify - "$file" 2>/dev/null |
    while read -r _ word key rest; do [ "$word" = VALIDSIG ] && echo "signed $1 $key ${rest##* }"; done
  shift 2
done
:
"""
)

# Arguments: the repository, how many commits back are kept. Prints how much no ref reaches, of what ostree prune
# removes: that leaves libostree's own notes, unfinished files, and signatures whose commit is not there, as a killed
# pull can leave them. Such a pull can also leave an incomplete commit. While one is kept, only commits are counted,
# because how far it reaches is not known.
GARBAGE = (
    _OBJECT
    + r"""
cd "$1" 2>/dev/null && [ -d objects ] || exit 0
depth=$2
export LC_ALL=C
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
tips() {
  for entry in "$1"/*; do
    if [ -d "$entry" ]; then tips "$entry"; elif [ -f "$entry" ]; then cat "$entry"; fi
  done
}
tips refs | while read -r at; do
  steps=0
  while [ -f "$(object "$at").commit" ]; do
    echo "$at"
    [ "$steps" -ne "$depth" ] || break
    steps=$((steps + 1))
    at=$(ostree rev-parse --repo=. "$at^" 2>/dev/null) || break
  done
done | sort -u >"$work/kept"
while read -r commit; do
  echo "$commit"
  # Mode, owner, group, size, checksum, and for a folder a second one.
  ostree ls --repo=. -R -C "$commit" 2>/dev/null | while read -r mode _ _ _ one two _; do
    echo "$one"
    case $mode in d*) echo "$two" ;; esac
  done
done <"$work/kept" | sort -u >"$work/reached"
du --all --count-links --apparent-size --block-size=1 objects | while read -r size path; do
  case $path in
    objects/??/*.commitmeta) [ -f "${path%meta}" ] || continue ;;
    objects/??/*.commit | objects/??/*.dirtree | objects/??/*.dirmeta | objects/??/*.file | objects/??/*.filez) ;;
    *) continue ;;
  esac
  path=${path#objects/}
  name=${path%%.*}
  echo "${name%%/*}${name#*/} ${path##*.} $size"
done | sort >"$work/here"
incomplete=
while read -r commit; do [ ! -e "state/$commit.commitpartial" ] || incomplete=yes; done <"$work/kept"
commits=0 objects=0 size=0
join -v 1 "$work/here" "$work/reached" >"$work/garbage"
while read -r _ kind bytes; do
  [ -z "$incomplete" ] || case $kind in commit*) ;; *) continue ;; esac
  objects=$((objects + 1)) size=$((size + bytes))
  [ "$kind" != commit ] || commits=$((commits + 1))
done <"$work/garbage"
echo "garbage $commits $objects $size"
"""
)

# Standard input: the configuration with the remotes. Arguments: threes of a remote, a ref and how many commits back.
# The commits are had with their signatures checked, in a repository that is thrown away.
LOOK_AT_REMOTES = (
    _OBJECT
    + r"""
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
ostree init --repo="$work" --mode=archive && cat >"$work/config" && cd "$work" || exit
while [ $# -gt 0 ]; do
  ostree pull --repo=. --mirror --commit-metadata-only --depth="$3" "$1" "$2" >/dev/null || { echo "refused $2"; exit; }
  at=$(cat "refs/heads/$2") steps=0
  while [ -f "$(object "$at").commit" ]; do
    echo "found $2 $at"
    [ "$steps" -gt 0 ] || echo "commit $at $(base64 -w0 <"$(object "$at").commit")"
    [ "$steps" -ne "$3" ] || break
    steps=$((steps + 1))
    at=$(ostree rev-parse --repo=. "$at^" 2>/dev/null) || break
  done
  shift 3
done
"""
)

# Arguments: the mode of the repository, then options of ostree commit. Tells what the commit would be.
LOOK_AT_TREE = (
    _OBJECT
    + r"""
work=$(TMPDIR=${TMPDIR:-/var/tmp} mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
ostree init --repo="$work" --mode="$1" || exit
shift
ostree config --repo="$work" set core.fsync false && ostree config --repo="$work" set archive.zlib-level 1 || exit
at=$(ostree commit --repo="$work" --orphan --no-bindings "$@") || exit
cd "$work" && echo "commit $at $(base64 -w0 <"$(object "$at").commit")"
"""
)

# Arguments: an Ed25519 key and a file.
SIGN = _SIGNING + 'sign "$1" "$2"'

# Our place in a repository, as ostree.repo(5) gives others one.
EXTENSION = "extensions/evergreen.fleet"

# Arguments: the repository, our place in it, options of ostree summary. The new summary is made in a second view of the
# same repository, so nobody sees it yet. Prints the name of the folder it is in.
PREPARE_SUMMARY = r"""
umask 022
cd "$1" && mkdir -p "$2" deltas delta-indexes || exit
at=$(mktemp -d "$2/summary.XXXXXX") && chmod 755 "$at" && mkdir "$at/tmp" || exit
shift 2
for name in config objects refs deltas delta-indexes state extensions .lock; do
  [ ! -e "$name" ] || ln -s "../../../$name" "$at/$name" || exit
done
ostree summary --repo="$at" --update "$@" >/dev/null && echo "${at##*/}"
"""

# Arguments: the repository, our place in it, the folder with the new summary. Both files are links through "current",
# so they change together, with the rename of that one link: never is one there beside the signatures of another. Where
# they are no such links yet, they become links to copies of what they are.
PUBLISH_SUMMARY = r"""
umask 022
cd "$1/$2" || exit
point() { rm -f current.new && ln -s "$1" current.new && mv -f -T current.new current; }
place=$2
new=$3
rm -rf "$new/tmp" "$new/.lock"
for entry in "$new"/*; do [ ! -L "$entry" ] || rm -f "$entry"; done
sync "$new"/summary*
for name in summary summary.sig; do
  [ "$(readlink "../../$name")" = "$place/current/$name" ] || unlinked=yes
done
if [ -n "$unlinked" ]; then
  same=$(mktemp -d summary.XXXXXX) && chmod 755 "$same" || exit
  for name in summary summary.sig; do [ ! -f "../../$name" ] || cp -p "../../$name" "$same/$name" || exit; done
  point "$same" || exit
  for name in summary summary.sig; do
    rm -f link.new && ln -s "$place/current/$name" link.new && mv -f -T link.new "../../$name" || exit
  done
fi
[ -f "$new/summary" ] && point "$new" || exit
for entry in summary.*; do [ "$entry" = "$new" ] || rm -rf "$entry"; done
"""
