#!/bin/sh
# Copyright (c) 2026 evergreen.fleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC2034,SC2154 # parameters come first in the script, and common.sh reads why

# The commit or image that runs has a signature that verifies.

# told MEMBER: what rpm-ostree says of the deployment that runs, as JSON without blanks; [] where it says nothing
told() {
    bounded 60 rpm-ostree status --jsonpath "\$.deployments[$index].$1" 2>/dev/null | tr -d ' \n'
}

# which of the deployments runs: as many as there are false before the true
index=0
booted=$(bounded 60 rpm-ostree status --jsonpath '$.deployments[*].booted' 2>/dev/null | tr -d ' \n[]')
while [ "${booted#false,}" != "$booted" ]; do
    booted=${booted#false,}
    index=$((index + 1))
done
case $booted in
    true | true,*) ;;
    *) fail "rpm-ostree does not tell which deployment runs" ;;
esac

reference=$(told container-image-reference)
case $reference in
    '["ostree-image-signed:'* | '["ostree-remote-image:'* | '["ostree-remote-registry:'*) exit 0 ;;
    '[]' | '') ;;
    *) fail "the image that runs is not verified: $reference" ;;
esac

if [ -n "$ed25519_keys" ]; then
    commit=$(told base-checksum)
    [ "$commit" != '[]' ] || commit=$(told checksum)
    commit=$(printf %s "$commit" | tr -d '[]"')
    bounded 60 ostree sign --verify --sign-type=ed25519 "--keys-file=$ed25519_keys" "$commit" >/dev/null 2>&1 ||
        fail "the commit that runs, $commit, has no signature by a key of $ed25519_keys"
    exit 0
fi

[ "$(told gpg-enabled)" = '[true]' ] || fail "the remote of the commit that runs does not verify signatures"
case $(told 'signatures[*][0]') in
    *true*) ;;
    *) fail "the commit that runs has no good signature" ;;
esac
