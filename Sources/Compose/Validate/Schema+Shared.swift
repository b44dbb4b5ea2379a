// SPDX-License-Identifier: Apache-2.0

/// The forms that stand in several places of the specification.
extension Schema {
    static let strings = list(of: .string)
    static let uniqueStrings = uniqueList(of: .string)
    static let stringOrStrings = either(.string, strings)
    static let stringOrUniqueStrings = either(.string, uniqueStrings)

    /// The command of a container: words, or a line that is split into them.
    static let command = either(.null, .string, strings)

    /// `KEY: value` or `KEY=value`, as in `environment` and `labels`.
    static let listOrMapping = either(
        .uniqueStrings,
        .names(.text, to: either(.string, .number, .boolean, .null), isClosed: true)
    )

    /// The options of a driver.
    static let driverOptions = names(.line, to: .numberOrString, isClosed: false)

    static let extraHosts = either(
        .uniqueStrings,
        .names(.text, to: .stringOrStrings, isClosed: true)
    )

    static let ulimits = names(
        .lowercase,
        to: either(
            .integerOrString,
            .object(requiring: "soft", "hard", keys: ["soft": .integerOrString, "hard": .integerOrString])
        ),
        isClosed: false
    )

    /// The configs or secrets that a service or a build is given.
    static let grants = list(
        of: either(
            .string,
            .object(keys: [
                "source": .string,
                "target": .string,
                "uid": .string,
                "gid": .string,
                "mode": .numberOrString,
            ])
        )
    )

    /// A command that runs in a container at a turn of its life.
    static let hook = object(requiring: "command", keys: hookKeys)

    /// A command that runs in a container of its own before those of the service.
    static let startHook = object(requiring: "command", keys: hookKeys.merging(["image": .string]) { $1 })

    private static let hookKeys: [String: Schema] = [
        "command": .command,
        "user": .string,
        "privileged": .booleanOrString,
        "working_dir": .string,
        "environment": .listOrMapping,
    ]
}
