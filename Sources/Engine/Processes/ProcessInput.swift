// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import Synchronization

/// The standard input of a process: a pipe, or its terminal.
///
/// Clients may share it: each piece that one writes arrives in one piece.
final class ProcessInput: InputSink {
    private let gate = SerialGate()
    private let descriptor: Mutex<SharedDescriptor?>
    private let isTerminal: Bool
    /// Has whoever else holds the pipe close it.
    private let release: @Sendable () -> Void

    /// What a terminal takes for the end of its input (termios(3), `VEOF`).
    private static let endOfTransmission: UInt8 = 4

    /// The input behind a descriptor.
    ///
    /// - Parameters:
    ///   - descriptor: The end to write to; it becomes non-blocking.
    ///   - isTerminal: Whether it is the master of a terminal.
    ///   - release: Called when the input is closed.
    init(_ descriptor: SharedDescriptor, isTerminal: Bool, release: @escaping @Sendable () -> Void = {}) {
        let number = descriptor.number
        _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
        self.descriptor = Mutex(descriptor)
        self.isTerminal = isTerminal
        self.release = release
    }

    func write(_ bytes: [UInt8]) async throws {
        try await gate.run { try await writeAll(bytes) }
    }

    func close() async {
        // A cancelled task has no turn, and its client is gone: the input stays for others.
        try? await gate.run {
            if isTerminal { return try await writeAll([Self.endOfTransmission]) }
            let isOpen = descriptor.withLock { $0.take() != nil }
            if isOpen { release() }
        }
    }

    /// The end of the pipe; nil where the input is a terminal, or closed.
    var pipe: SharedDescriptor? {
        isTerminal ? nil : descriptor.withLock(\.self)
    }

    private func writeAll(_ bytes: [UInt8]) async throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let target = descriptor.withLock(\.self) else { throw SystemError("write", EPIPE) }
            let number = target.number
            let count = rest.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
            let failure = errno
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if failure == EAGAIN {
                try await Reactor.shared.wait(for: number, .writable)
            } else if failure != EINTR {
                throw SystemError("write", failure)
            }
        }
    }
}

/// The input of the current run of a container, or of the next one for a client that is early.
struct ContainerInput: InputSink {
    /// The process, once it runs; nil where the start failed.
    let started: Promise<RunningProcess?>
    /// Whether the process is told of the end of a client's input.
    let closesWithClient: Bool

    func write(_ bytes: [UInt8]) async throws {
        guard let input = try await started.value()?.input else { throw SystemError("write", EPIPE) }
        try await input.write(bytes)
    }

    func close() async {
        guard closesWithClient, let input = try? await started.value()?.input else { return }
        await input.close()
    }
}
