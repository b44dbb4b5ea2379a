// SPDX-License-Identifier: Apache-2.0

/// A service.
extension Schema {
    static let service = object(
        keys: [image, process, resources, networking, storage, relations]
            .reduce(into: [:]) { keys, group in
                keys.merge(group) { first, _ in first }
            }
    )
}

extension Schema {
    private static let image: [String: Schema] = [
        "build": .build,
        "develop": .develop,
        "image": .string,
        "platform": .string,
        "provider": .provider,
        "pull_policy": Schema(.string, text: .pullPolicy),
        "pull_refresh_after": .string,
    ]

    private static let process: [String: Schema] = [
        "annotations": .listOrMapping,
        "attach": .booleanOrString,
        "cap_add": .uniqueStrings,
        "cap_drop": .uniqueStrings,
        "command": .command,
        "container_name": Schema(.string, text: .containerName),
        "credential_spec": .object(keys: ["config": .string, "file": .string, "registry": .string]),
        "entrypoint": .command,
        "env_file": .envFile,
        "environment": .listOrMapping,
        "group_add": .uniqueList(of: .numberOrString),
        "healthcheck": .healthcheck,
        "init": .booleanOrString,
        "ipc": .string,
        "isolation": .string,
        "label_file": .stringOrStrings,
        "labels": .listOrMapping,
        "logging": .logging,
        "pid": either(.string, .null),
        "post_start": .list(of: .hook),
        "pre_start": .list(of: .startHook),
        "pre_stop": .list(of: .hook),
        "privileged": .booleanOrString,
        "restart": .string,
        "runtime": .string,
        "security_opt": .uniqueStrings,
        "stdin_open": .booleanOrString,
        "stop_grace_period": .string,
        "stop_signal": .string,
        "sysctls": .listOrMapping,
        "tty": .booleanOrString,
        "use_api_socket": .boolean,
        "user": .string,
        "userns_mode": .string,
        "uts": .string,
        "working_dir": .string,
    ]

    private static let resources: [String: Schema] = [
        "blkio_config": .blockIO,
        "cgroup": .words("host", "private"),
        "cgroup_parent": .string,
        "cpu_count": either(.string, .integer(from: 0)),
        "cpu_percent": either(.string, .integer(from: 0, through: 100)),
        "cpu_period": .numberOrString,
        "cpu_quota": .numberOrString,
        "cpu_rt_period": .numberOrString,
        "cpu_rt_runtime": .numberOrString,
        "cpu_shares": .numberOrString,
        "cpus": .numberOrString,
        "cpuset": .string,
        "deploy": .deploy,
        "device_cgroup_rules": .uniqueStrings,
        "devices": .deviceMappings,
        "gpus": .gpus,
        "mem_limit": .numberOrString,
        "mem_reservation": .integerOrString,
        "mem_swappiness": .integerOrString,
        "memswap_limit": .numberOrString,
        "oom_kill_disable": .booleanOrString,
        "oom_score_adj": either(.string, .integer(from: -1_000, through: 1_000)),
        "pids_limit": .numberOrString,
        "scale": .integerOrString,
        "shm_size": .numberOrString,
        "ulimits": .ulimits,
    ]

    private static let networking: [String: Schema] = [
        "dns": .stringOrUniqueStrings,
        "dns_opt": .uniqueStrings,
        "dns_search": .stringOrUniqueStrings,
        "domainname": .string,
        "expose": .uniqueList(of: .numberOrString),
        "external_links": .uniqueStrings,
        "extra_hosts": .extraHosts,
        "hostname": .string,
        "links": .uniqueStrings,
        "mac_address": .string,
        "network_mode": .string,
        "networks": .serviceNetworks,
        "ports": .ports,
    ]

    private static let storage: [String: Schema] = [
        "configs": .grants,
        "read_only": .booleanOrString,
        "secrets": .grants,
        "storage_opt": .openObject(keys: [:]),
        "tmpfs": .stringOrUniqueStrings,
        "volumes": .mounts,
        "volumes_from": .uniqueStrings,
    ]

    private static let relations: [String: Schema] = [
        "depends_on": .dependsOn,
        "extends": .extends,
        "models": .serviceModels,
        "profiles": .uniqueStrings,
    ]
}
