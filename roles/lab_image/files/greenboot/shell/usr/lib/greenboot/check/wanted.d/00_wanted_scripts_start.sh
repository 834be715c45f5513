#!/usr/bin/env bash
# Copyright (c) 2026 evergreen.fleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

echo "The wanted checks start"
