// SPDX-License-Identifier: Apache-2.0

import Compose

/// Lets flags be written as `--flag=true` and `--flag=false`, as Docker Compose's can.
enum BooleanFlags {
    /// The flags without a value, of all commands.
    static let names: Set<String> = [
        "all-resources", "compatibility", "dry-run", "environment", "images", "lock-image-digests", "models",
        "networks",
        "no-consistency", "no-env-resolution", "no-interpolate", "no-normalize", "no-path-resolution", "profiles",
        "quiet",
        "resolve-image-digests", "services", "short", "variables", "verbose", "volumes",
    ]

    /// The arguments with `--flag=true` as `--flag`, and without `--flag=false`.
    static func normalise(_ arguments: [String]) -> [String] {
        guard arguments.contains(where: { $0.hasPrefix("--") && $0.utf8.contains(UInt8(ascii: "=")) }) else {
            return arguments
        }
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        return arguments[..<end].compactMap { argument -> String? in
            guard argument.hasPrefix("--"), let split = argument.firstIndex(of: "="),
                names.contains(String(argument[..<split].dropFirst(2))),
                let value = GoBoolean.parse(String(argument[argument.index(after: split)...]))
            else {
                return argument
            }
            return value ? String(argument[..<split]) : nil
        } + arguments[end...]
    }
}
