# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys of Quadlet files as options of podman, by the section that they are in."""

from __future__ import annotations

import typing as t

# Keys that become an option with the value as it is, once for each line.
VALUES: t.Mapping[str, t.Mapping[str, str]] = {
    "Container": {
        "AddHost": "--add-host=",
        "CgroupsMode": "--cgroups=",
        "DNS": "--dns=",
        "DNSOption": "--dns-option=",
        "DNSSearch": "--dns-search=",
        "Entrypoint": "--entrypoint=",
        "EnvironmentFile": "--env-file=",
        "ExposeHostPort": "--expose=",
        "GIDMap": "--gidmap=",
        "GroupAdd": "--group-add=",
        "HealthCmd": "--health-cmd=",
        "HealthInterval": "--health-interval=",
        "HealthOnFailure": "--health-on-failure=",
        "HealthRetries": "--health-retries=",
        "HealthStartPeriod": "--health-start-period=",
        "HealthTimeout": "--health-timeout=",
        "HostName": "--hostname=",
        "IP": "--ip=",
        "IP6": "--ip6=",
        "LogDriver": "--log-driver=",
        "LogOpt": "--log-opt=",
        "Mask": "--security-opt=mask=",
        "Memory": "--memory=",
        "Mount": "--mount=",
        "Network": "--network=",
        "NetworkAlias": "--network-alias=",
        "PidsLimit": "--pids-limit=",
        "PublishPort": "--publish=",
        "Pull": "--pull=",
        "SeccompProfile": "--security-opt=seccomp=",
        "Secret": "--secret=",
        "SecurityLabelFileType": "--security-opt=label=filetype:",
        "SecurityLabelLevel": "--security-opt=label=level:",
        "SecurityLabelType": "--security-opt=label=type:",
        "ShmSize": "--shm-size=",
        "StopSignal": "--stop-signal=",
        "StopTimeout": "--stop-timeout=",
        "SubGIDMap": "--subgidname=",
        "SubUIDMap": "--subuidname=",
        "Timezone": "--tz=",
        "Tmpfs": "--tmpfs=",
        "UIDMap": "--uidmap=",
        "Ulimit": "--ulimit=",
        "Unmask": "--security-opt=unmask=",
        "UserNS": "--userns=",
        "Volume": "--volume=",
        "WorkingDir": "--workdir=",
    },
    "Volume": {"Driver": "--driver=", "Type": "--opt=type=", "Device": "--opt=device="},
    "Network": {
        "Driver": "--driver=",
        "Gateway": "--gateway=",
        "IPAMDriver": "--ipam-driver=",
        "IPRange": "--ip-range=",
        "Options": "--opt=",
        "Subnet": "--subnet=",
    },
}

# Keys whose value is a list of words, each of which becomes an option.
WORDS: t.Mapping[str, t.Mapping[str, str]] = {
    "Container": {
        "AddCapability": "--cap-add=",
        "AddDevice": "--device=",
        "Annotation": "--annotation=",
        "DropCapability": "--cap-drop=",
        "Environment": "--env=",
        "Label": "--label=",
        "Sysctl": "--sysctl=",
    },
    "Volume": {"Label": "--label="},
    "Network": {"Label": "--label="},
}

# Keys that are on or off.
SWITCHES: t.Mapping[str, t.Mapping[str, str]] = {
    "Container": {
        "EnvironmentHost": "--env-host",
        "NoNewPrivileges": "--security-opt=no-new-privileges",
        "ReadOnly": "--read-only",
        "RunInit": "--init",
        "SecurityLabelDisable": "--security-opt=label=disable",
        "SecurityLabelNested": "--security-opt=label=nested",
        "VolatileTmp": "--tmpfs=/tmp:rw,size=512M,mode=1777",
    },
    "Volume": {},
    "Network": {"DisableDNS": "--disable-dns", "Internal": "--internal", "IPv6": "--ipv6"},
}

# Keys that render.py knows by name.
OTHERS: t.Mapping[str, tuple[str, ...]] = {
    "Container": (
        *("AutoUpdate", "ContainerName", "Exec", "GlobalArgs", "Group", "Image", "Notify", "PodmanArgs", "Rootfs"),
        *("ServiceName", "User"),
    ),
    "Volume": ("Copy", "GlobalArgs", "Group", "Options", "PodmanArgs", "ServiceName", "User", "VolumeName"),
    "Network": ("GlobalArgs", "NetworkName", "PodmanArgs", "ServiceName"),
}
