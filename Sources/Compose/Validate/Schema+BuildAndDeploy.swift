// SPDX-License-Identifier: Apache-2.0

/// How the image of a service is built, watched and deployed.
extension Schema {
    static let build = either(
        .string,
        .object(keys: [
            "additional_contexts": .listOrMapping,
            "args": .listOrMapping,
            "cache_from": .strings,
            "cache_to": .strings,
            "context": .string,
            "dockerfile": .string,
            "dockerfile_inline": .string,
            "entitlements": .strings,
            "extra_hosts": .extraHosts,
            "isolation": .string,
            "labels": .listOrMapping,
            "network": .string,
            "no_cache": .booleanOrString,
            "platforms": .strings,
            "privileged": .booleanOrString,
            "provenance": .booleanOrString,
            "pull": .booleanOrString,
            "sbom": .booleanOrString,
            "secrets": .grants,
            "shm_size": .integerOrString,
            "ssh": .listOrMapping,
            "tags": .strings,
            "target": .string,
            "ulimits": .ulimits,
        ])
    )

    static let develop = either(
        .null,
        .object(keys: [
            "watch": .list(
                of: .object(
                    requiring: "path",
                    "action",
                    keys: [
                        "action": .words("rebuild", "sync", "restart", "sync+restart", "sync+exec"),
                        "exec": .hook,
                        "ignore": .stringOrUniqueStrings,
                        "include": .stringOrUniqueStrings,
                        "initial_sync": .boolean,
                        "path": .string,
                        "target": .string,
                    ]
                )
            )
        ])
    )

    static let deploy = either(
        .null,
        .object(keys: [
            "endpoint_mode": .string,
            "labels": .listOrMapping,
            "mode": .string,
            "placement": .placement,
            "replicas": .integerOrString,
            "resources": .object(keys: ["limits": .limits, "reservations": .reservations]),
            "restart_policy": .object(keys: [
                "condition": .string,
                "delay": .string,
                "max_attempts": .integerOrString,
                "window": .string,
            ]),
            "rollback_config": .updateConfig,
            "update_config": .updateConfig,
        ])
    )

    private static let updateConfig = object(keys: [
        "delay": .string,
        "failure_action": .string,
        "max_failure_ratio": .numberOrString,
        "monitor": .string,
        "order": .words("start-first", "stop-first"),
        "parallelism": .integerOrString,
    ])

    private static let placement = object(keys: [
        "constraints": .strings,
        "max_replicas_per_node": .integerOrString,
        "preferences": .list(of: .object(keys: ["spread": .string])),
    ])

    private static let limits = object(keys: [
        "cpus": .numberOrString,
        "memory": .string,
        "pids": .integerOrString,
    ])

    private static let reservations = object(keys: [
        "cpus": .numberOrString,
        "devices": .list(of: .deviceRequest),
        "generic_resources": .list(
            of: .object(keys: [
                "discrete_resource_spec": .object(keys: ["kind": .string, "value": .numberOrString])
            ])
        ),
        "memory": .string,
    ])

    private static let deviceRequest = object(
        requiring: "capabilities",
        keys: [
            "capabilities": .uniqueStrings,
            "count": .integerOrString,
            "device_ids": .uniqueStrings,
            "driver": .string,
            "options": .listOrMapping,
        ]
    )
}
