// SPDX-License-Identifier: Apache-2.0

/// The parts of a service that are objects of their own.
extension Schema {
    static let blockIO = strictObject(keys: [
        "device_read_bps": .list(of: .blockIOLimit),
        "device_read_iops": .list(of: .blockIOLimit),
        "device_write_bps": .list(of: .blockIOLimit),
        "device_write_iops": .list(of: .blockIOLimit),
        "weight": .integerOrString,
        "weight_device": .list(of: .strictObject(keys: ["path": .string, "weight": .integerOrString])),
    ])

    private static let blockIOLimit = strictObject(keys: ["path": .string, "rate": .integerOrString])

    static let dependsOn = either(
        .uniqueStrings,
        .names(
            .identifier,
            to: .object(
                requiring: "condition",
                keys: [
                    "condition": .words("service_started", "service_healthy", "service_completed_successfully"),
                    "required": .boolean,
                    "restart": .booleanOrString,
                ]
            ),
            isClosed: true
        )
    )

    static let deviceMappings = list(
        of: either(
            .string,
            .object(requiring: "source", keys: ["source": .string, "target": .string, "permissions": .string])
        )
    )

    static let envFile = either(
        .string,
        .list(
            of: either(
                .string,
                .strictObject(
                    requiring: "path",
                    keys: ["path": .string, "format": .string, "required": .booleanOrString]
                )
            )
        )
    )

    static let extends = either(
        .string,
        .strictObject(requiring: "service", keys: ["service": .string, "file": .string])
    )

    static let gpus = either(
        .words("all"),
        .list(
            of: .openObject(keys: [
                "capabilities": .uniqueStrings,
                "count": .integerOrString,
                "device_ids": .uniqueStrings,
                "driver": .string,
                "options": .listOrMapping,
            ])
        )
    )

    static let healthcheck = object(keys: [
        "disable": .booleanOrString,
        "interval": .string,
        "retries": .numberOrString,
        "start_interval": .string,
        "start_period": .string,
        "test": .stringOrStrings,
        "timeout": .string,
    ])

    static let logging = object(keys: [
        "driver": .string,
        "options": .names(.line, to: either(.string, .number, .null), isClosed: false),
    ])

    static let provider = object(
        requiring: "type",
        keys: [
            "type": .string,
            "options": .names(
                .line,
                to: either(.string, .number, .boolean, .list(of: either(.string, .number, .boolean))),
                isClosed: false
            ),
        ]
    )

    static let serviceModels = either(
        .uniqueStrings,
        .names(
            .identifier,
            to: either(.null, .object(keys: ["endpoint_var": .string, "model_var": .string])),
            isClosed: false
        )
    )

    static let serviceNetworks = either(
        .uniqueStrings,
        .names(
            .identifier,
            to: either(
                .null,
                .object(keys: [
                    "aliases": .uniqueStrings,
                    "driver_opts": .driverOptions,
                    "gw_priority": .number,
                    "interface_name": .string,
                    "ipv4_address": .string,
                    "ipv6_address": .string,
                    "link_local_ips": .uniqueStrings,
                    "mac_address": .string,
                    "priority": .number,
                ])
            ),
            isClosed: true
        )
    )

    static let ports = uniqueList(
        of: either(
            .numberOrString,
            .object(keys: [
                "app_protocol": .string,
                "host_ip": .string,
                "mode": .string,
                "name": .string,
                "protocol": .string,
                "published": .integerOrString,
                "target": .integerOrString,
            ])
        )
    )

    static let mounts = uniqueList(
        of: either(
            .string,
            .object(
                requiring: "type",
                keys: [
                    "type": .words("bind", "volume", "tmpfs", "cluster", "npipe", "image"),
                    "source": .string,
                    "target": .string,
                    "read_only": .booleanOrString,
                    "consistency": .string,
                    "bind": .object(keys: [
                        "create_host_path": .booleanOrString,
                        "propagation": .string,
                        "recursive": .words("enabled", "disabled", "writable", "readonly"),
                        "selinux": .words("z", "Z"),
                    ]),
                    "image": .object(keys: ["subpath": .string]),
                    "tmpfs": .object(keys: ["mode": .numberOrString, "size": either(.integer(from: 0), .string)]),
                    "volume": .object(keys: [
                        "labels": .listOrMapping, "nocopy": .booleanOrString, "subpath": .string,
                    ]),
                ]
            )
        )
    )
}
