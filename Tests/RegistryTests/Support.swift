// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Images
import OCI
import RegistrySupport
import Synchronization
import TestSupport
import Testing

@testable import Registry

/// What a client waits for, without waiting.
final class Waits: Sendable {
    private let list = Mutex<[Duration]>([])

    var all: [Duration] { list.withLock(\.self) }

    /// Settings with which nothing waits between two tries.
    var settings: RegistrySettings {
        var settings = RegistrySettings.patient
        settings.retry.sleep = { duration in self.list.withLock { $0.append(duration) } }
        return settings
    }
}

extension RegistrySettings {
    /// Settings for which no busy or paused machine is too slow.
    static var patient: RegistrySettings {
        var settings = RegistrySettings()
        settings.connectTimeout = .seconds(3600)
        settings.stallTimeout = .seconds(3600)
        return settings
    }
}

/// A blob in memory, with its descriptor.
struct TestBlob: Sendable {
    let bytes: [UInt8]
    let descriptor: ContentDescriptor

    init(_ bytes: [UInt8], _ type: MediaType = .layer) {
        self.bytes = bytes
        descriptor = ContentDescriptor(mediaType: type, digest: Digest(sha256: bytes), size: Int64(bytes.count))
    }

    /// Bytes that do not repeat.
    init(count: Int) {
        var number: UInt64 = 1
        self.init(
            (0..<count).map { _ in
                number = number &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: number >> 33)
            }
        )
    }

    var path: String { "/v2/a/blobs/\(descriptor.digest)" }
}

/// A repository `a` of a server.
func repository(
    at address: String,
    _ settings: RegistrySettings,
    _ credentials: RegistryCredentials = .anonymous,
    notices: NoticeList = NoticeList()
) throws -> RemoteRepository {
    try RegistryClient(settings).repository(of: ImageReference("\(address)/a:1"), credentials) { notices.add($0) }
}

/// What is told of what goes wrong.
final class NoticeList: Sendable {
    private let list = Mutex<[String]>([])

    var all: [String] { list.withLock(\.self) }

    func add(_ text: String) { list.withLock { $0.append(text) } }
}

/// The value of a field of a form or a query.
func value(_ name: String, in text: String) -> String? {
    text.split { $0 == "&" || $0 == "?" }.first { $0.hasPrefix(name + "=") }.map {
        String($0.dropFirst(name.count + 1))
    }
}
