// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Linux
import Synchronization

/// How the two sides of an upload end.
private enum UploadStep<Value: Sendable>: Sendable {
    /// All bytes are in the pipe, or nobody reads it any more.
    case fed
    case broken(any Error)
    case result(Value)
}

extension Request {
    /// Gives the body to an operation of the engine that reads it from a pipe.
    ///
    /// Where the body ends too early, the operation is cancelled before it reads the end of the pipe, so that it can tell
    /// that end from a good one.
    ///
    /// - Parameter operation: Gets the end of the pipe that is read.
    /// - Returns: What the operation returned.
    /// - Throws: What it threw, or why the body cannot be read.
    package func upload<Value: Sendable>(
        _ operation: @escaping @Sendable (consuming Descriptor) async throws -> Value
    ) async throws -> Value {
        try await source.allowBody()
        let (reader, writer) = try Pipe().split { (PipeEnd($0), PipeEnd($1)) }
        defer { writer.close() }
        return try await withThrowingTaskGroup(of: UploadStep<Value>.self) { group in
            group.addTask {
                guard let descriptor = reader.take() else { throw CancellationError() }
                return .result(try await operation(descriptor))
            }
            group.addTask {
                do {
                    try await feed(writer)
                    return .fed
                } catch {
                    return .broken(error)
                }
            }
            while let step = try await group.next() {
                switch step {
                case .fed: writer.close()
                case .broken(let error):
                    group.cancelAll()
                    writer.close()
                    // What the operation says of a body that ends early is not why it does.
                    while await group.nextResult() != nil {}
                    throw error
                case .result(let value):
                    group.cancelAll()
                    return value
                }
            }
            throw CancellationError()
        }
    }

    private func feed(_ writer: PipeEnd) async throws {
        while let bytes = try await source.body() {
            do {
                try await writer.write(bytes)
            } catch let error as SystemError where error.number == EPIPE {
                // The operation has ended, and says itself what it thinks of the body.
                return
            }
        }
    }
}

/// An end of a pipe that goes from one task to another.
private final class PipeEnd: Sendable {
    private let number: Mutex<Int32?>

    init(_ descriptor: consuming Descriptor) {
        number = Mutex(descriptor.release())
    }

    deinit { close() }

    /// Gives the end away, once.
    func take() -> Descriptor? {
        number.withLock { $0.take() }.map { Descriptor(owning: $0) }
    }

    /// Closes the end; nobody writes any more.
    func close() { _ = take() }

    /// Writes all bytes; waits while the pipe is full.
    func write(_ bytes: [UInt8]) async throws {
        guard let number = number.withLock({ $0 }) else { throw SystemError("write", EPIPE) }
        // The other end has a flag of its own and goes on to block.
        _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
            let failure = errno
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if failure == EAGAIN {
                try await Reactor.shared.wait(for: number, .writable)
            } else if failure != EINTR {
                throw SystemError("write", failure, on: "the pipe to the engine")
            }
        }
    }
}
