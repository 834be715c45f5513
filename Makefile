# Copyright (c) 2026 evergreen.fleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# The work is done by scripts/; this file says what there is and what needs what.

# Molecule scenarios of the gate, and those that only the full test runs.
SCENARIOS := default layering rollback updates rollout
SCENARIOS_FULL := image contract power_cut rollback_drills flatcar workloads workload_drills failover zincati updates_drills \
	rollout_drills pull_agent

GATE := setup lint unit sanity build molecule

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help setup tools lint unit sanity build molecule molecule-full next test test-full lab lab-destroy new-fleet libvirt bench clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: system-packages tools  ## Install what is missing: system packages (as root), Python packages, butane, Go
	@scripts/go-toolchain
.PHONY: system-packages
system-packages:
	@scripts/system-packages

# What the checks need that start no guest; works without root.
tools:
	@scripts/venv .venv requirements/dev.txt 3.13 3.12 3.11
	@scripts/ignition-tools
	@scripts/collection-tree

lint: tools  ## Check formatting, types, YAML, Ansible content, docs, changelog and shell scripts
	@scripts/lint

unit: tools  ## Run the unit tests
	@scripts/unit

sanity: tools  ## Run ansible-test sanity, without containers
	@scripts/sanity

build: tools  ## Build the collection from the last commit, install it elsewhere and render its documentation
	@scripts/build

molecule: setup libvirt  ## Run the Molecule scenarios of the gate on real guests
	@scripts/molecule $(SCENARIOS)

molecule-full: setup libvirt
	@scripts/molecule $(SCENARIOS_FULL)

next: tools
	@scripts/next

test:  ## The gate: setup, lint, unit, sanity, build, molecule
	@MAKE=$(MAKE) scripts/steps $(GATE)

test-full:  ## The gate, every further scenario and drill, and the newest ansible-core
	@MAKE=$(MAKE) scripts/steps $(GATE) molecule-full next

lab: setup libvirt  ## Build a node from its Butane file and show it: the collection's main job, on this machine
	@scripts/lab

lab-destroy: setup libvirt  ## Take the lab away again
	@scripts/lab --extra-vars lab_state=absent

new-fleet: tools  ## Start a fleet repository of your own: make new-fleet DIR=../my-fleet
	@scripts/new-fleet $(DIR)

libvirt:
	@scripts/libvirt-up

bench: setup libvirt  ## Run the measurements in tests/bench
	@scripts/bench

clean:  ## Remove what the targets made in this clone (the cache outside it stays)
	rm -rf .venv .cache/build .cache/sanity .cache/venv-next .cache/coverage .mypy_cache .ruff_cache .pytest_cache
