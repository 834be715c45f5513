# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which podman knows what in a Quadlet file: every key and file type with the first version that has it.

Versions are (major, minor). No key was ever removed.
"""

from __future__ import annotations

import difflib
import typing as t

Version = tuple[int, int]

QUADLET: Version = (4, 4)
"""The first podman with Quadlet. Older ones get plain units."""

NEWEST: Version = (5, 8)
"""The newest podman of the table. What a newer one knows beyond it, only its generator can say."""

FILE_TYPES: t.Mapping[str, Version] = {
    "container": (4, 4),
    "kube": (4, 4),
    "network": (4, 4),
    "volume": (4, 4),
    "image": (4, 8),
    "pod": (5, 0),
    "build": (5, 2),
    "artifact": (5, 7),
}

DROP_INS: Version = (5, 0)
"""The first podman whose generator reads drop-ins of Quadlet files."""

HEALTHY: Version = (5, 0)
"""The first podman with Notify=healthy. Before, the key was on or off."""

_NEW_KEYS: t.Mapping[Version, t.Mapping[str, str]] = {
    (4, 4): {
        "Container": (
            "AddCapability AddDevice Annotation ContainerName DropCapability Environment EnvironmentFile "
            "EnvironmentHost Exec ExposeHostPort Group Image Label Network NoNewPrivileges Notify PodmanArgs "
            "PublishPort ReadOnly RemapGid RemapUid RemapUidSize RemapUsers RunInit SeccompProfile Timezone User "
            "VolatileTmp Volume"
        ),
        "Volume": "Copy Device Group Label Options Type User",
        "Network": "DisableDNS Driver Gateway IPAMDriver IPRange IPv6 Internal Label Options Subnet",
        "Kube": "ConfigMap Network PublishPort RemapGid RemapUid RemapUidSize RemapUsers Yaml",
    },
    (4, 5): {
        "Container": (
            "HealthCmd HealthInterval HealthOnFailure HealthRetries HealthStartPeriod HealthStartupCmd "
            "HealthStartupInterval HealthStartupRetries HealthStartupSuccess HealthStartupTimeout HealthTimeout "
            "IP IP6 LogDriver Mount Rootfs Secret SecurityLabelDisable SecurityLabelFileType SecurityLabelLevel "
            "SecurityLabelType Tmpfs UserNS"
        ),
        "Kube": "LogDriver UserNS",
    },
    (4, 6): {
        "Container": "AutoUpdate HostName Mask Pull SecurityLabelNested Sysctl Unmask WorkingDir",
        "Volume": "PodmanArgs",
        "Network": "PodmanArgs",
        "Kube": "ExitCodePropagation PodmanArgs",
    },
    (4, 7): {
        "Container": "DNS DNSOption DNSSearch PidsLimit ShmSize Ulimit",
        "Volume": "VolumeName",
        "Network": "DNS NetworkName",
        "Kube": "AutoUpdate SetWorkingDirectory",
    },
    (4, 8): {
        "Container": "ContainersConfModule GIDMap GlobalArgs ReadOnlyTmpfs SubGIDMap SubUIDMap UIDMap",
        "Volume": "ContainersConfModule Driver GlobalArgs Image",
        "Network": "ContainersConfModule GlobalArgs",
        "Kube": "ContainersConfModule GlobalArgs KubeDownForce",
        "Image": (
            "AllTags Arch AuthFile CertDir ContainersConfModule Creds DecryptionKey GlobalArgs Image ImageTag OS "
            "PodmanArgs TLSVerify Variant"
        ),
    },
    (5, 0): {
        "Container": "Entrypoint Pod StopTimeout",
        "Pod": "ContainersConfModule GlobalArgs Network PodName PodmanArgs PublishPort Volume",
    },
    (5, 1): {
        "Container": "GroupAdd",
    },
    (5, 2): {
        "Container": "LogOpt NetworkAlias StopSignal",
        "Kube": "LogOpt",
        "Build": (
            "Annotation Arch AuthFile ContainersConfModule DNS DNSOption DNSSearch Environment File ForceRM "
            "GlobalArgs GroupAdd ImageTag Label Network PodmanArgs Pull Secret SetWorkingDirectory TLSVerify "
            "Target Variant Volume"
        ),
        "Pod": "NetworkAlias",
    },
    (5, 3): {
        "Container": (
            "AddHost CgroupsMode HealthLogDestination HealthMaxLogCount HealthMaxLogSize ServiceName StartWithPod"
        ),
        "Volume": "ServiceName",
        "Network": "ServiceName",
        "Kube": "ServiceName",
        "Image": "ServiceName",
        "Build": "ServiceName",
        "Pod": (
            "AddHost DNS DNSOption DNSSearch GIDMap IP IP6 RemapGid RemapUid RemapUidSize RemapUsers ServiceName "
            "SubGIDMap SubUIDMap UIDMap UserNS"
        ),
        "Quadlet": "DefaultDependencies",
    },
    (5, 4): {
        "Pod": "ShmSize",
    },
    (5, 5): {
        "Container": "Memory ReloadCmd ReloadSignal Retry RetryDelay",
        "Network": "NetworkDeleteOnStop",
        "Image": "Retry RetryDelay",
        "Build": "Retry RetryDelay",
        "Pod": "HostName",
    },
    (5, 6): {
        "Network": "InterfaceName",
        "Image": "Policy",
        "Pod": "ExitPolicy Label",
    },
    (5, 7): {
        "Container": "HttpProxy",
        "Build": "BuildArg IgnoreFile",
        "Artifact": (
            "Artifact AuthFile CertDir ContainersConfModule Creds DecryptionKey GlobalArgs PodmanArgs Quiet Retry "
            "RetryDelay ServiceName TLSVerify"
        ),
        "Pod": "StopTimeout",
    },
    (5, 8): {
        "Container": "AppArmor",
    },
}

_FIRST_SEEN: t.Mapping[tuple[str, str], Version] = {
    (group, key): version
    for version, groups in _NEW_KEYS.items()
    for group, keys in groups.items()
    for key in keys.split()
}


def first_version(group: str, key: str) -> Version | None:
    """The first podman that knows a key; None for a key that no podman of the table knows."""
    return _FIRST_SEEN.get((group, key))


def similar_key(group: str, key: str) -> str | None:
    """The key of the group that a mistyped one may have meant."""
    names = {name.lower(): name for known, name in _FIRST_SEEN if known == group}
    close = difflib.get_close_matches(key.lower(), names, n=1)
    return names[close[0]] if close else None


def spell(version: Version) -> str:
    return ".".join(map(str, version))
