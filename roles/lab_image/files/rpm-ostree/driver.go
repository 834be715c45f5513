// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
	"evergreen.fleet/lab/rpm-ostree/internal/transaction"
)

// driver is the service that decides on updates, such as Zincati: the commands that move to another base leave it alone.
type driver struct {
	Name string `json:"driver-name"`
	Unit string `json:"driver-sd-unit"`
}

func (inv *invocation) driverPath() string {
	return filepath.Join(inv.root, "run/rpm-ostree/update-driver.json")
}

func (inv *invocation) driver() (*driver, error) {
	data, err := os.ReadFile(inv.driverPath())
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	registered := &driver{}
	return registered, json.Unmarshal(data, registered)
}

func (inv *invocation) registerDriver(name string) error {
	if os.Geteuid() != 0 {
		return errors.New("rpmostreed OS operation Deploy not allowed for user")
	}
	unit := transaction.Unit()
	if unit == "" {
		return errors.New("Failed to find the systemd unit of the update driver")
	}
	data, err := json.Marshal(driver{name, unit})
	if err != nil {
		return err
	}
	path := inv.driverPath()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", data, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// refuseDriven is the lock: it holds while the driver's unit is active, for everybody outside that unit.
func (inv *invocation) refuseDriven() error {
	registered, err := inv.driver()
	if err != nil || registered == nil || inv.has("bypass-driver") || registered.Unit == transaction.Unit() {
		return err
	}
	state, _ := ostree.Output(context.Background(), "systemctl", "is-active", registered.Unit)
	if state != "active" && state != "activating" {
		return nil
	}
	message := fmt.Sprintf("Updates and deployments are driven by %s (%s)\n", registered.Name, registered.Unit)
	documentation, _ := ostree.Output(context.Background(), "systemctl", "show", "--value", "--property=Documentation", registered.Unit)
	if documentation != "" {
		message += fmt.Sprintf("See %s's documentation at %s\n", registered.Name, strings.Fields(documentation)[0])
	}
	return errors.New(message + fmt.Sprintf("Use --bypass-driver to bypass %s and perform the operation anyways", registered.Name))
}
