// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import EngineClient
import Glibc
import Linux

/// Runs the command of a rule in a container, and shows what it writes.
struct ServiceHook {
    let client: EngineClient
    let hook: Hook
    /// Gets each line without its end.
    let show: (ArraySlice<UInt8>) -> Void

    /// A line that is longer is cut, so that one without an end takes no more memory than this.
    private static let longestLine = 1 << 20

    /// Runs it to its end.
    ///
    /// - Parameters:
    ///   - container: The container.
    ///   - stop: Readable when nobody wants to wait any more; the command goes on then.
    /// - Returns: The exit status; nil where it was not waited for.
    /// - Throws: What the client throws, or ``CommandFailure`` where the output cannot be read.
    func run(in container: String, until stop: Int32) throws -> Int? {
        let id = try client.createExec(in: container, ExecCreateRequest(running: hook)).id
        let stream = try client.startExec(id, ExecStartRequest())
        guard try copy(stream, until: stop) else { return nil }
        return try ContainerExec.status(of: id, client, isDetached: false)
    }

    /// Shows all lines.
    ///
    /// - Returns: Whether that was all.
    private func copy(_ stream: consuming HijackedStream, until stop: Int32) throws -> Bool {
        var decoder = StreamFrameDecoder()
        var begun: [StandardStream: [UInt8]] = [:]
        func take(_ bytes: ArraySlice<UInt8>) throws {
            try decoder.feed(bytes) { stream, content in
                var text = begun.removeValue(forKey: stream) ?? []
                text += content
                var rest = text[...]
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    show(rest[..<end])
                    rest = rest[(end + 1)...]
                }
                if rest.count > Self.longestLine {
                    show(rest)
                } else if !rest.isEmpty {
                    begun[stream] = Array(rest)
                }
            }
        }
        try take(stream.early[...])
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            var waits = [
                pollfd(fd: stream.socket.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: stop, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&waits, nfds_t(waits.count), -1) < 0 {
                if errno == EINTR { continue }
                throw SystemError("poll", errno)
            }
            if waits[1].revents != 0 { return false }
            let count = read(stream.socket.number, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError("read", errno, on: "the output of the command")
            }
            if count == 0 { break }
            try take(buffer[..<count])
        }
        for (_, rest) in begun { show(rest[...]) }
        return true
    }
}
