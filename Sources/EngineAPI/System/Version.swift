// SPDX-License-Identifier: Apache-2.0

/// What the engine is, as `/version` tells it.
package struct EngineVersion: ZeroRepresentable, Sendable {
    @Always package var platform: Platform
    @Always package var components: [Component]
    @Always package var version: String
    @Always package var apiVersion: String
    @Always package var minimumAPIVersion: String
    @Always package var gitCommit: String
    @Always package var goVersion: String
    @Always package var os: String
    @Always package var arch: String
    @Always package var kernelVersion: String
    @Omitted package var experimental: Bool
    @Always package var buildTime: String

    private enum CodingKeys: String, CodingKey {
        case platform = "Platform"
        case components = "Components"
        case version = "Version"
        case apiVersion = "ApiVersion"
        case minimumAPIVersion = "MinAPIVersion"
        case gitCommit = "GitCommit"
        case goVersion = "GoVersion"
        case os = "Os"
        case arch = "Arch"
        case kernelVersion = "KernelVersion"
        case experimental = "Experimental"
        case buildTime = "BuildTime"
    }

    package init() {}

    /// The name of the product.
    package struct Platform: ZeroRepresentable, Sendable {
        @Always package var name: String

        private enum CodingKeys: String, CodingKey {
            case name = "Name"
        }

        package init() {}
    }

    /// A part of the engine.
    package struct Component: ZeroRepresentable, Sendable {
        @Always package var name: String
        @Always package var version: String
        package var details: [String: String]?

        private enum CodingKeys: String, CodingKey {
            case name = "Name"
            case version = "Version"
            case details = "Details"
        }

        package init() {}
    }
}
