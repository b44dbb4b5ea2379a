// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux

/// The lock that the one engine of a location holds, from the kernel and so free at its death.
struct EngineLock: ~Copyable {
    private let file: Descriptor

    /// Gets the lock; waits for an engine that is just starting or ending.
    ///
    /// - Parameters:
    ///   - location: Where the engine is to be.
    ///   - patience: How long to wait for another engine that does not serve.
    /// - Returns: The lock; nil where another engine has it and serves.
    /// - Throws: Where another engine neither serves nor ends.
    static func take(_ location: EngineLocation, patience: Duration = .seconds(20)) async throws -> EngineLock? {
        let file = try Descriptor.open(location.lock, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        let clock = ContinuousClock()
        let deadline = clock.now + patience
        while true {
            if try file.lock(isExclusive: true, waits: false) { return EngineLock(file) }
            if isServed(location) { return nil }
            if clock.now > deadline {
                throw StartFailure(
                    "another engine (process \(holder(file))) has locked \(location.lock) and neither serves nor ends; "
                        + "see \(location.log), end it with `kill`, and try again"
                )
            }
            try await clock.sleep(for: .milliseconds(20))
        }
    }

    private init(_ file: consuming Descriptor) {
        // It only makes an error message better.
        try? file.truncate(to: 0)
        let text = Array("\(getpid())\n".utf8)
        _ = pwrite(file.number, text, text.count, 0)
        self.file = file
    }

    private static func isServed(_ location: EngineLocation) -> Bool {
        (try? Descriptor.connectedStream(to: location.socket)) != nil
    }

    private static func holder(_ file: borrowing Descriptor) -> String {
        let bytes = (try? file.contents(limit: 64)) ?? []
        let text = String(decoding: bytes, as: UTF8.self).filter(\.isNumber)
        return text.isEmpty ? "unknown" : text
    }
}
