// SPDX-License-Identifier: Apache-2.0

/// The top level of a compose file, and what it defines besides services.
extension Schema {
    static let project = object(keys: [
        "version": .string,
        "name": .string,
        "include": list(
            of: either(
                .string,
                .strictObject(keys: [
                    "path": .stringOrUniqueStrings,
                    "env_file": .stringOrUniqueStrings,
                    "project_directory": .string,
                ])
            )
        ),
        "services": names(.identifier, to: .service, isClosed: true),
        "models": names(.identifier, to: .model, isClosed: false),
        "networks": names(.identifier, to: .network, isClosed: false),
        "volumes": names(.identifier, to: .volume, isClosed: true),
        "secrets": names(.identifier, to: .secret, isClosed: true),
        "configs": names(.identifier, to: .config, isClosed: true),
    ])

    static let model = object(
        requiring: "model",
        keys: [
            "name": .string,
            "model": .string,
            "context_size": .integer,
            "runtime_flags": .strings,
        ]
    )

    static let network = either(
        .null,
        .object(keys: [
            "name": .string,
            "driver": .string,
            "driver_opts": .driverOptions,
            "ipam": .ipam,
            "external": .external,
            "internal": .booleanOrString,
            "enable_ipv4": .booleanOrString,
            "enable_ipv6": .booleanOrString,
            "attachable": .booleanOrString,
            "labels": .listOrMapping,
        ])
    )

    static let volume = either(
        .null,
        .object(keys: [
            "name": .string,
            "driver": .string,
            "driver_opts": .driverOptions,
            "external": .external,
            "labels": .listOrMapping,
        ])
    )

    static let secret = object(keys: [
        "name": .string,
        "environment": .string,
        "file": .string,
        "external": .openExternal,
        "labels": .listOrMapping,
        "driver": .string,
        "driver_opts": .driverOptions,
        "template_driver": .string,
    ])

    static let config = object(keys: [
        "name": .string,
        "content": .string,
        "environment": .string,
        "file": .string,
        "external": .openExternal,
        "labels": .listOrMapping,
        "template_driver": .string,
    ])

    private static let external = either(.booleanOrString, .object(keys: ["name": .string]))

    private static let openExternal = either(.booleanOrString, .openObject(keys: ["name": .string]))

    private static let ipam = object(keys: [
        "driver": .string,
        "config": list(
            of: .object(keys: [
                "subnet": .string,
                "ip_range": .string,
                "gateway": .string,
                "aux_addresses": .names(.line, to: .string, isClosed: true),
            ])
        ),
        "options": names(.line, to: .string, isClosed: true),
    ])
}
