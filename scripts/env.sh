# Copyright (c) 2026 evergreen.fleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# The environment of every make target, in one place. For a shell of your own, from the root of the clone:
#     . scripts/env.sh
# shellcheck shell=sh

# What is slow to make and can be shared by clones: guest images, built tools, downloads.
if [ -z "${EVERGREEN_CACHE:-}" ]; then
    if [ "$(id -u)" = 0 ]; then
        EVERGREEN_CACHE=/var/cache/evergreen-fleet
    else
        EVERGREEN_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/evergreen-fleet
    fi
fi
# Another environment than the usual one is chosen by scripts/next only.
EVERGREEN_VENV=${EVERGREEN_VENV:-$PWD/.venv}
PATH=$EVERGREEN_VENV/bin:$PATH
export EVERGREEN_CACHE EVERGREEN_VENV PATH

# Nothing is written to the home folder, and no setting of the user's changes a result.
export ANSIBLE_CONFIG="$PWD/ansible.cfg"
export ANSIBLE_HOME="$PWD/.cache/ansible"
export ANSIBLE_COLLECTIONS_PATH="$PWD/.ansible/collections"
export ANSIBLE_INJECT_FACT_VARS=false
export PIP_CACHE_DIR="$EVERGREEN_CACHE/pip"
export PIP_DISABLE_PIP_VERSION_CHECK=1
export PIP_NO_INPUT=1
export LC_ALL=C.UTF-8
# Molecule warns about scenarios in molecule/ unless it is told that they are there on purpose.
export MOLECULE_GLOB='molecule/*/molecule.yml'
