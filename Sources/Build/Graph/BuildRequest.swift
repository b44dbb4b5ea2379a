// SPDX-License-Identifier: Apache-2.0

package import OCI
package import Patterns

/// What is asked of a Dockerfile.
package struct BuildRequest: Sendable {
    /// The values of arguments.
    package var arguments: [String: String] = [:]
    /// The stage that is wanted, by its name or number; nil for the last one.
    package var target: String?
    /// What the image is for.
    package var platform = Platform.current
    /// What the builder runs on.
    package var buildPlatform = Platform.current
    /// Contexts besides the main one; one with the name of a stage or an image takes its place.
    package var contexts: [String: NamedContext] = [:]
    /// The configs of base images that are known, by the full name of the image.
    package var baseConfigs: [String: ImageConfig] = [:]
    /// What the main context leaves out.
    package var ignored: PathPatterns?
    /// `NAME:ADDRESS` for the programs that are run.
    package var extraHosts: [String] = []

    package init() {}

    /// The arguments that a proxy is named by, in letters of any case; they reach programs undeclared and never count as a
    /// change.
    private static let proxyNames = ["ALL_PROXY", "FTP_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"]

    /// Whether an argument is one of those of a proxy.
    static func isProxy(_ name: String) -> Bool { proxyNames.contains(name.uppercased()) }

    /// The variables that programs know proxies by: some look for capitals, others for small letters.
    var proxyVariables: [String] {
        Self.proxyNames.flatMap { name -> [String] in
            let given = arguments.filter { $0.key.uppercased() == name && !$0.value.isEmpty }
            let others = given.sorted { $0.key < $1.key }.map(\.value)
            guard let value = given[name] ?? given[name.lowercased()] ?? others.first else { return [] }
            return ["\(name)=\(value)", "\(name.lowercased())=\(value)"]
        }
    }

    /// The arguments that have a value in every file.
    var platformArguments: [String: String] {
        var values = ["TARGETSTAGE": target ?? "default"]
        for (prefix, platform) in [("BUILD", buildPlatform), ("TARGET", platform)] {
            values[prefix + "PLATFORM"] = platform.description
            values[prefix + "OS"] = platform.os
            values[prefix + "OSVERSION"] = platform.osVersion ?? ""
            values[prefix + "ARCH"] = platform.architecture
            values[prefix + "VARIANT"] = platform.variant ?? ""
        }
        return values
    }

    /// How a file is checked; what is asked for counts more than what it says itself.
    func lintOptions(_ directives: Directives) throws(BuildProblem) -> LintOptions {
        if let text = arguments["BUILDKIT_DOCKERFILE_CHECK"] { return try LintOptions(text, at: nil) }
        guard let check = directives.check else { return LintOptions() }
        return try LintOptions(check.value, at: check.place)
    }
}
