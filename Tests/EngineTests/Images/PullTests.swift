// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import FoundationEssentials
import ImagesSupport
import OCI
import RegistrySupport
import Synchronization
import TestSupport
import Testing

@testable import Engine

/// Images of one layer each, as a registry has them.
private struct TestImages {
    /// Documents and layers by their paths; manifests by their tags too.
    private var files: [String: (type: MediaType, bytes: [UInt8])] = [:]
    /// The path of the layer that all of them have.
    let layer: String
    let layerSize: Int

    // Each image has a config of its own.
    init(_ tags: [String]) throws {
        let bytes = try Archive { archive in
            for number in 0..<64 { try archive.file("file\(number)", String(repeating: "\(number) ", count: 20_000)) }
        }.bytes()
        let digest = Digest(sha256: bytes)
        layer = "/v2/a/blobs/\(digest)"
        layerSize = bytes.count
        files[layer] = (.layer, bytes)
        for tag in tags {
            var config = ImageConfig(platform: .current, diffIDs: [digest])
            config.author = tag
            let part = add(try JSONEncoder().encode(config), .imageConfig, at: "/v2/a/blobs/")
            let content = ContentDescriptor(mediaType: .layer, digest: digest, size: Int64(bytes.count))
            let manifest = try JSONEncoder().encode(ImageManifest(config: part, layers: [content]))
            let path = "/v2/a/manifests/\(add(manifest, .imageManifest, at: "/v2/a/manifests/").digest)"
            files["/v2/a/manifests/\(tag)"] = files[path]
        }
    }

    private mutating func add(_ data: Data, _ type: MediaType, at place: String) -> ContentDescriptor {
        let bytes = Array(data)
        let digest = Digest(sha256: bytes)
        files["\(place)\(digest)"] = (type, bytes)
        return ContentDescriptor(mediaType: type, digest: digest, size: Int64(bytes.count))
    }

    /// Answers as a registry does that knows how to go on with a blob.
    func answer(_ request: ScriptedServer.Request, end: ScriptedServer.End = .whole) -> ScriptedServer.Response {
        guard let file = files[request.path] else { return .init(request.path == "/v2/" ? 200 : 404) }
        let fields = [("Content-Type", file.type.rawValue), ("ETag", "\"e\"")]
        if let range = request.fields["range"]?.dropFirst("bytes=".count), let start = Int(range.dropLast()) {
            let place = ("Content-Range", "bytes \(start)-\(file.bytes.count - 1)/\(file.bytes.count)")
            return .init(206, fields + [place], Array(file.bytes[start...]), end: end)
        }
        return .init(200, fields, file.bytes, end: end)
    }

    /// Requests for the content of the layer.
    func fetches(from server: ScriptedServer) -> [ScriptedServer.Request] {
        server.requests.filter { $0.path == layer && $0.method == "GET" }
    }
}

@Suite struct `A pull` {
    @Test func `that an engine was in goes on in the next where it was`() async throws {
        let images = try TestImages(["1"])
        let isFirst = Mutex(true)
        let server = try ScriptedServer { request in
            guard request.path == images.layer else { return images.answer(request) }
            let isFirst = isFirst.withLock { isFirst in
                defer { isFirst = false }
                return isFirst
            }
            return images.answer(request, end: isFirst ? .stall(after: images.layerSize / 2) : .whole)
        }
        let name = "\(server.address)/a:1"
        try await TestedEngine.succession(
            .embedded,
            [
                { host in
                    let (arrivals, source) = AsyncStream.makeStream(of: Void.self)
                    let pull = Task {
                        try await host.engine.pullImage(name) { line in
                            if (line.progressDetail?.current ?? 0) > 0 { source.yield() }
                        }
                    }
                    for await _ in arrivals { break }
                    pull.cancel()
                    await #expect(throws: CancellationError.self) { try await pull.value }
                    await #expect(throws: EngineError.self) { try await host.engine.inspectImage(name) }
                },
                { host in
                    try await host.engine.pullImage(name) { _ in }
                    #expect(try await host.engine.inspectImage(name).repoTags == [name])
                },
            ]
        )
        let ranges = images.fetches(from: server).map { $0.fields["range"] }
        try #require(ranges.count == 2)
        let start = try #require(ranges[1].flatMap { Int($0.dropFirst("bytes=".count).dropLast()) })
        #expect(ranges[0] == nil && (1...images.layerSize / 2).contains(start))
    }

    @Test func `fetches a layer once for all who want it at the same time`() async throws {
        let tags = ["1", "2", "3", "4"]
        let images = try TestImages(tags)
        let server = try ScriptedServer { images.answer($0) }
        try await TestedEngine.with(.embedded) { host in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for tag in tags {
                    group.addTask { try await host.engine.pullImage("\(server.address)/a:\(tag)") { _ in } }
                }
                try await group.waitForAll()
            }
            for tag in tags {
                #expect(try await host.engine.inspectImage("\(server.address)/a:\(tag)").author == tag)
            }
        }
        #expect(images.fetches(from: server).count == 1)
    }
}
