// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import Synchronization

/// Reads what an exec writes, until its end.
///
/// Output that comes after the end, from children that it left behind, is waited for only for a moment: they may go on for
/// ever.
final class ExecOutput: Sendable {
    private struct Source: Sendable {
        let stream: StandardStream
        let descriptor: SharedDescriptor
    }

    private let sources: Mutex<[Source]>
    private let exit: Promise<Int32>
    private let deadline = Mutex<ContinuousClock.Instant?>(nil)

    private static let pieceSize = 1 << 16
    /// How long output may take to arrive after the end.
    private static let patience = Duration.milliseconds(100)

    init(_ process: RunningProcess, until exit: Promise<Int32>) {
        self.exit = exit
        var sources: [Source] = []
        if let terminal = process.terminal { sources.append(Source(stream: .output, descriptor: terminal)) }
        if let output = process.output { sources.append(Source(stream: .output, descriptor: output)) }
        if let errors = process.errors { sources.append(Source(stream: .errors, descriptor: errors)) }
        for source in sources {
            let number = source.descriptor.number
            _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
        }
        self.sources = Mutex(sources)
    }

    /// The next piece; nil at the end.
    func next() async throws -> OutputPiece? {
        while true {
            for source in sources.withLock(\.self) {
                if let piece = try read(source) { return piece }
            }
            let left = sources.withLock(\.self)
            if left.isEmpty {
                _ = try await exit.value()
                return nil
            }
            if exit.current != nil {
                let end = deadline.withLock { deadline in
                    let end = deadline ?? .now + Self.patience
                    deadline = end
                    return end
                }
                if .now >= end { return nil }
                try await wait(for: left, until: end)
            } else {
                try await wait(for: left, until: nil)
            }
        }
    }

    /// Waits until something is there to read, or the exec has ended, or a time is over.
    private func wait(for sources: [Source], until end: ContinuousClock.Instant?) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for source in sources {
                group.addTask { try await Reactor.shared.wait(for: source.descriptor.number, .readable) }
            }
            if let end {
                group.addTask { try await Task.sleep(until: end) }
            } else {
                group.addTask { _ = try await self.exit.value() }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// What can be read now; a source at its end is dropped.
    private func read(_ source: Source) throws -> OutputPiece? {
        let number = source.descriptor.number
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.pieceSize) { buffer, count in
            let result = Glibc.read(number, buffer.baseAddress, buffer.count)
            failure = result < 0 ? errno : 0
            count = max(0, result)
        }
        if !bytes.isEmpty { return OutputPiece(source.stream, bytes) }
        switch failure {
        case EAGAIN, EINTR: return nil
        // A terminal that nobody has open any more answers EIO.
        case 0, EIO: sources.withLock { $0.removeAll { $0.descriptor === source.descriptor } }
        default: throw SystemError("read", failure, on: "the output of the program")
        }
        return nil
    }
}
