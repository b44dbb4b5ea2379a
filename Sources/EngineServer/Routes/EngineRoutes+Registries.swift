// SPDX-License-Identifier: Apache-2.0

import Engine
import EngineAPI
import JSONTree

extension EngineRoutes {
    /// Pulls an image; failures before the first line have a status of their own, as with Docker.
    func pull(_ name: String, _ request: Request, _ response: ResponseWriter) async throws {
        let (tag, platform) = (request.query.text("tag"), request.query.text("platform"))
        let auth = try request.registryAuth()
        try await lines(to: response) { report in
            try await engine.pullImage(name, tag: tag, platform: platform, auth: auth, report: report)
        }
    }

    /// Answers with lines that come from many tasks, the last of which tells of a failure.
    func lines(
        to response: ResponseWriter,
        _ work: (@escaping @Sendable (ProgressLine) -> Void) async throws -> Void
    ) async throws {
        let (lines, sender) = AsyncStream.makeStream(of: ProgressLine.self)
        async let writing: Void = {
            for await line in lines {
                if await !response.hasBegun { try await response.begin(type: "application/json") }
                try await response.write(line: line)
            }
        }()
        do {
            try await work { sender.yield($0) }
        } catch {
            sender.finish()
            try await writing
            guard await response.hasBegun else { throw error }
            return try await response.write(line: ProgressLine.failure("\(error)"))
        }
        sender.finish()
        try await writing
        if await !response.hasBegun { try await response.begin(type: "application/json") }
    }
}

extension Request {
    /// Who the client is to the registry, where it says so.
    ///
    /// - Throws: `badParameter` where that cannot be read.
    func registryAuth() throws(EngineError) -> RegistryAuth {
        try decode(RegistryAuth.self, RegistryAuth.header) ?? RegistryAuth()
    }

    /// Who the client of a build is to registries, by the names that references have for them.
    ///
    /// - Throws: `badParameter` where that cannot be read.
    func registryAuths() throws(EngineError) -> [String: RegistryAuth] {
        let given = try decode([String: RegistryAuth].self, RegistryAuth.buildHeader) ?? [:]
        return Dictionary(given.map { (RegistryAuth.registry(of: $0.key), $0.value) }) { first, _ in first }
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ field: String) throws(EngineError) -> Value? {
        guard let text = head.fields[field.lowercased()], !text.isEmpty else { return nil }
        guard let bytes = Base64.decodeFromHeader(text),
            let value = try? JSON.decode(type, from: bytes)
        else {
            throw EngineError(.badParameter, "invalid \(field) header: it is no JSON in Base64")
        }
        return value
    }
}
