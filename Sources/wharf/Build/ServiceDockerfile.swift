// SPDX-License-Identifier: Apache-2.0

import Build
import Compose
import Glibc
import Linux
import OCI
import Patterns

/// The Dockerfile of a service, and what its `build` section asks of it.
struct ServiceDockerfile {
    let service: String
    /// What places are shown with: the path, or the name of the service for a text of the compose file.
    let name: String
    let bytes: [UInt8]
    let dockerfile: Dockerfile
    let plan: BuildPlan

    /// No `.dockerignore` is larger than this.
    private static let ignoreFileLimit = 1 << 20

    /// Reads and plans the Dockerfile of a service.
    ///
    /// - Parameters:
    ///   - service: The service.
    ///   - build: Its section.
    ///   - platform: What its containers run on; nil for the machine.
    ///   - arguments: Values of arguments that count more than those of the section.
    /// - Throws: ``CommandFailure`` where a file cannot be read.
    init(_ service: String, _ build: Compose.Build, platform: String?, arguments: [String: String]) throws {
        self.service = service
        let context = build.context ?? "."
        var request = BuildRequest()
        request.arguments = build.args.compactMapValues(\.self).merging(arguments) { $1 }
        request.target = build.target
        request.contexts = build.additionalContexts.mapValues { NamedContext($0) }
        request.extraHosts = build.extraHosts.flatMap { name, addresses in addresses.map { "\(name):\($0)" } }.sorted()
        if let text = platform ?? build.platforms.first {
            guard let platform = Platform(text) else {
                throw CommandFailure(message: "service \"\(service)\": `\(text)` is no platform such as linux/arm64")
            }
            request.platform = platform
        }
        if let text = build.dockerfileInline {
            name = "\(service) (dockerfile_inline)"
            bytes = Array(text.utf8)
            request.ignored = try Self.ignored(context: context, dockerfile: nil)
        } else {
            let path = try Self.path(of: build, context, service)
            name = path
            bytes = Self.withoutMark(try InputFile.read(path, limit: Limits.fileSize))
            request.ignored = try Self.ignored(context: context, dockerfile: path)
        }
        dockerfile = Dockerfile(bytes)
        plan = Planner.plan(dockerfile, request)
    }

    /// The path of the Dockerfile; where none is named, one with a small letter will do.
    private static func path(of build: Compose.Build, _ context: String, _ service: String) throws -> String {
        if let named = build.dockerfile, named.hasPrefix("/") { return named }
        guard context.hasPrefix("/") else {
            throw CommandFailure(
                message:
                    "service \"\(service)\": the context `\(context)` is not on this machine, and only builds fetch those; "
                    + "name a folder"
            )
        }
        if let named = build.dockerfile, named != "Dockerfile" { return "\(context)/\(named)" }
        let names = ["Dockerfile", "dockerfile"].map { "\(context)/\($0)" }
        return names.first { access($0, F_OK) == 0 } ?? names[0]
    }

    /// Columns do not count the byte order mark.
    private static func withoutMark(_ bytes: [UInt8]) -> [UInt8] {
        bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    }

    /// What the build leaves out of its context.
    private static func ignored(context: String, dockerfile: String?) throws -> PathPatterns? {
        guard context.hasPrefix("/") else { return nil }
        for path in IgnoreFile.candidates(dockerfile: dockerfile, context: context) where access(path, F_OK) == 0 {
            let bytes = try InputFile.read(path, limit: ignoreFileLimit)
            do {
                return try PathPatterns(file: String(decoding: bytes, as: UTF8.self))
            } catch {
                throw CommandFailure(message: "`\(path)`: \(error)")
            }
        }
        return nil
    }
}
