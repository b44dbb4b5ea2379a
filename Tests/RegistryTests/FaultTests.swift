// SPDX-License-Identifier: Apache-2.0

import Images
import OCI
import RegistrySupport
import Synchronization
import TestSupport
import Testing

@testable import Registry

@Suite struct `A blob` {
    private let blob = TestBlob(count: 700_000)

    private func answer(
        _ request: ScriptedServer.Request,
        _ end: ScriptedServer.End = .whole
    ) -> ScriptedServer.Response {
        guard let range = request.fields["range"], let start = Int(range.dropFirst(6).dropLast()) else {
            return .init(200, [("ETag", "\"e\"")], blob.bytes, end: end)
        }
        let part = Array(blob.bytes[start...])
        let text = "bytes \(start)-\(blob.bytes.count - 1)/\(blob.bytes.count)"
        return .init(206, [("Content-Range", text), ("ETag", "\"e\"")], part, end: end)
    }

    @Test(arguments: [ScriptedServer.End.cut(after: 300_000), .stall(after: 300_000)])
    func `that is cut off goes on where it was`(end: ScriptedServer.End) async throws {
        let count = Mutex(0)
        let server = try ScriptedServer { request in
            guard request.path == blob.path else { return .init(404) }
            let number = count.withLock { count in
                count += 1
                return count
            }
            return answer(request, number == 1 ? end : .whole)
        }
        let waits = Waits()
        var settings = waits.settings
        if case .stall = end {
            settings.stallTimeout = .seconds(1)
            settings.retry.tries = .max
        }
        let bytes = try await repository(at: server.address, settings).blob(blob.descriptor, limit: 1 << 20)
        #expect(bytes == blob.bytes)
        let gets = server.requests.filter { $0.path == blob.path }
        // On a busy machine what comes may count as stalled once more.
        #expect(gets.count >= 2 && waits.all.count == gets.count - 1)
        let last = try #require(gets.last?.fields)
        #expect(last["range"]?.hasPrefix("bytes=") == true && last["range"] != "bytes=0-")
        #expect(last["if-range"] == "\"e\"")
    }

    @Test func `that has changed in between comes from its start`() async throws {
        let count = Mutex(0)
        let server = try ScriptedServer { request in
            guard request.path == blob.path else { return .init(404) }
            let isFirst = count.withLock { count in
                count += 1
                return count == 1
            }
            return .init(200, [], blob.bytes, end: isFirst ? .cut(after: 1000) : .whole)
        }
        let found = try await repository(at: server.address, Waits().settings).blob(blob.descriptor, limit: 1 << 20)
        #expect(found == blob.bytes)
    }

    @Test(arguments: [(429, "2", Duration.seconds(2)), (503, "0", .zero)])
    func `waits as long as the registry wants`(status: Int, pause: String, expected: Duration) async throws {
        let count = Mutex(0)
        let server = try ScriptedServer { request in
            guard request.path == blob.path else { return .init(404) }
            let number = count.withLock { count in
                count += 1
                return count
            }
            return number < 3 ? .init(status, [("Retry-After", pause)]) : answer(request)
        }
        let (waits, notices) = (Waits(), NoticeList())
        let found = try await repository(at: server.address, waits.settings, notices: notices)
            .blob(blob.descriptor, limit: 1 << 20)
        #expect(found == blob.bytes)
        #expect(waits.all == [expected, expected])
        #expect(notices.all.count == 2 && notices.all[0].contains("status \(status)"))
    }

    @Test func `that never comes is given up`() async throws {
        let server = try ScriptedServer { request in .init(request.path == blob.path ? 500 : 404) }
        let waits = Waits()
        let repository = try repository(at: server.address, waits.settings)
        let error = await #expect(throws: RegistryError.self) {
            try await repository.blob(blob.descriptor, limit: 1 << 20)
        }
        #expect(error?.code == .failed && error?.message.contains("given up after 6 tries") == true)
        #expect(waits.all.count == 5)
    }

    @Test func `with other bytes than its digest says is refused`() async throws {
        let server = try ScriptedServer { request in
            request.path == blob.path ? .init(200, [], blob.bytes.dropLast() + [0]) : .init(404)
        }
        let repository = try repository(at: server.address, Waits().settings)
        let error = await #expect(throws: RegistryError.self) {
            try await repository.blob(blob.descriptor, limit: 1 << 20)
        }
        #expect(error?.code == .mismatch && error?.message.contains("its digest is") == true)
    }

    @Test(arguments: [699_999, 700_001, 9_000_000])
    func `whose length is a lie is refused before it comes`(length: Int) async throws {
        let server = try ScriptedServer { request in
            request.path == blob.path ? .init(200, [], blob.bytes, length: length) : .init(404)
        }
        let repository = try repository(at: server.address, Waits().settings)
        let error = await #expect(throws: RegistryError.self) {
            try await repository.blob(blob.descriptor, limit: 1 << 20)
        }
        #expect(error?.code == .mismatch && error?.message.contains("\(length)") == true)
    }

    @Test func `at another place comes without the credentials`() async throws {
        let storage = try ScriptedServer { _ in answer(.init("GET", "/")) }
        let server = try ScriptedServer { request in
            if request.fields["authorization"] == nil {
                return .init(401, [("WWW-Authenticate", "Basic realm=\"r\"")])
            }
            return .init(307, [("Location", "http://\(storage.address)/object?signature=x%2Fy")])
        }
        let credentials = RegistryCredentials(username: "u", password: "p")
        let found = try await repository(at: server.address, Waits().settings, credentials)
            .blob(blob.descriptor, limit: 1 << 20)
        #expect(found == blob.bytes)
        #expect(storage.requests.map(\.target) == ["/object?signature=x%2Fy"])
        #expect(storage.requests.allSatisfy { $0.fields["authorization"] == nil })
        #expect(server.requests.last?.fields["authorization"] == "Basic dTpw")
    }

    @Test func `that is pointed to without end is given up`() async throws {
        let server = try ScriptedServer { request in
            request.path == "/v2/" ? .init(200) : .init(302, [("Location", request.target)])
        }
        let repository = try repository(at: server.address, Waits().settings)
        let error = await #expect(throws: RegistryError.self) {
            try await repository.blob(blob.descriptor, limit: 1 << 20)
        }
        #expect(error?.code == .malformed)
    }
}

@Suite struct `A manifest` {
    private static func manifest(
        _ text: String,
        _ fields: [(name: String, value: String)] = []
    ) throws -> ScriptedServer {
        try ScriptedServer { request in
            request.path.hasPrefix("/v2/a/manifests/") ? .init(200, fields, Array(text.utf8)) : .init(404)
        }
    }

    @Test(arguments: [
        (
            "{\"schemaVersion\": 1}", "application/vnd.docker.distribution.manifest.v1+prettyjws",
            RegistryError.Code.unsupported
        ),
        ("{\"schemaVersion\": 2}", "application/json", .malformed), ("<html>", "text/html", .malformed),
        ("", "", .malformed),
    ])
    func `that is none is refused`(text: String, type: String, code: RegistryError.Code) async throws {
        let server = try Self.manifest(text, [("Content-Type", type)])
        let repository = try repository(at: server.address, Waits().settings)
        let error = await #expect(throws: RegistryError.self) { try await repository.manifest("1") }
        #expect(error?.code == code, "\(error?.message ?? "")")
    }

    @Test func `that is too large is refused`() async throws {
        let server = try Self.manifest(String(repeating: " ", count: 9 << 20))
        let repository = try repository(at: server.address, Waits().settings)
        let error = await #expect(throws: RegistryError.self) { try await repository.manifest("1") }
        #expect(error?.code == .limitExceeded)
    }

    @Test func `is what its digest says or is refused`() async throws {
        let server = try Self.manifest("{}")
        let repository = try repository(at: server.address, Waits().settings)
        let digest = Digest(sha256: Array("other".utf8))
        let error = await #expect(throws: RegistryError.self) { try await repository.manifest("\(digest)") }
        #expect(error?.code == .mismatch)
    }

    @Test func `that is not there is told with what the registry says`() async throws {
        let server = try ScriptedServer { _ in
            .init(404, [], Array(#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#.utf8))
        }
        let repository = try repository(at: server.address, Waits().settings)
        let error = await #expect(throws: RegistryError.self) { try await repository.manifest("1") }
        #expect(error?.code == .notFound)
        #expect(
            error?.message
                == "cannot pull the manifest of \(server.address)/a:1 from \(server.address): it answers with the "
                + "status 404: manifest unknown: manifest unknown; check the name, and log in where it is a private one"
        )
    }

    @Test func `of a registry that does not answer is not asked for again`() async throws {
        let waits = Waits()
        let repository = try repository(at: "127.0.0.1:1", waits.settings)
        let error = await #expect(throws: RegistryError.self) { try await repository.manifest("1") }
        #expect(error?.code == .unreachable && waits.all.isEmpty)
    }
}
