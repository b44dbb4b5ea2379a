// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import TestSupport

/// What SwiftPM makes of `Package.swift`.
struct Manifest: Decodable {
    struct Target: Decodable {
        var name: String
        var type: String
        var path: String?
        var settings: [Setting]
        var dependencies: [Dependency]

        /// The upcoming features that the target switches on.
        var upcomingFeatures: [String] {
            settings.compactMap { $0.kind.enableUpcomingFeature?.value }
        }

        /// The folder of the sources, from the root of the repository.
        var folder: String {
            path ?? (type == "test" ? "Tests/\(name)" : "Sources/\(name)")
        }

        /// Whether it is the package manager that compiles its sources.
        var isCompiled: Bool { type != "system" }

        /// Whether its sources are C, which knows no Swift features.
        var isC: Bool {
            files(below: "\(Repository.root)/\(folder)").contains { $0.hasSuffix(".c") }
        }
    }

    struct Setting: Decodable {
        struct Kind: Decodable {
            var enableUpcomingFeature: Value?
            var treatAllWarnings: Value?
        }

        struct Value: Decodable {
            var value: String

            enum CodingKeys: String, CodingKey {
                case value = "_0"
            }
        }

        var kind: Kind
    }

    /// Another target, or a product of another package.
    struct Dependency: Decodable {
        var byName: [String?]?
        var target: [String?]?
        var product: [String?]?

        var name: String {
            (byName ?? target ?? product)?.first.flatMap { $0 } ?? "?"
        }

        // What follows the name is of no interest here and not always a string.
        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            func first(_ key: CodingKeys) throws -> [String?]? {
                guard container.contains(key) else { return nil }
                var list = try container.nestedUnkeyedContainer(forKey: key)
                return [try list.decode(String.self)]
            }
            byName = try first(.byName)
            target = try first(.target)
            product = try first(.product)
        }

        enum CodingKeys: CodingKey {
            case byName
            case target
            case product
        }
    }

    var targets: [Target]

    /// Reads the manifest in a build folder of its own, since the one of the repository is in use by `swift test`.
    static func load() throws -> Self {
        let scratch = try Scratch()
        let outcome = try Command(
            "swift",
            ["package", "--package-path", Repository.root, "--scratch-path", scratch / "build", "dump-package"]
        ).run()
        guard outcome.end == .exit(0) else { throw SystemFailure(message: outcome.errors) }
        return try JSONDecoder().decode(Self.self, from: Data(outcome.output.utf8))
    }
}
