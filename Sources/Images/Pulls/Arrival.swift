// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// How far something is, which threads wait for (pthread_cond_wait(3)).
final class Arrival: Sendable {
    private struct State {
        var count: Int64 = 0
        var isOver = false
        var failure: ImageError?
    }

    /// What threads share; it is only touched with the lock.
    private final class Shared {
        var lock = pthread_mutex_t()
        var change = pthread_cond_t()
        var state = State()

        init() {
            pthread_mutex_init(&lock, nil)
            pthread_cond_init(&change, nil)
        }

        deinit {
            pthread_cond_destroy(&change)
            pthread_mutex_destroy(&lock)
        }
    }

    // The lock within guards it.
    private nonisolated(unsafe) let shared = Shared()

    private func change(_ body: (inout State) -> Void) {
        pthread_mutex_lock(&shared.lock)
        body(&shared.state)
        pthread_cond_broadcast(&shared.change)
        pthread_mutex_unlock(&shared.lock)
    }

    /// Says how many bytes there are; after the end it changes nothing.
    func advance(to count: Int64) {
        change { state in if !state.isOver { state.count = count } }
    }

    /// Says that there will be no more; only the first one counts.
    func end(_ failure: ImageError?) {
        change { state in
            if state.isOver { return }
            (state.isOver, state.failure) = (true, failure)
        }
    }

    /// Waits until there are more bytes than a number of them.
    ///
    /// - Parameter count: The number.
    /// - Returns: How many there are; the number itself at the end.
    /// - Throws: Why there will be no more.
    func wait(beyond count: Int64) throws(ImageError) -> Int64 {
        pthread_mutex_lock(&shared.lock)
        defer { pthread_mutex_unlock(&shared.lock) }
        while shared.state.count <= count {
            if let failure = shared.state.failure { throw failure }
            if shared.state.isOver { return count }
            pthread_cond_wait(&shared.change, &shared.lock)
        }
        return shared.state.count
    }
}

/// The bytes of a file that grows, to the end of which they come.
final class ArrivingSource: ByteSource {
    private let file: Descriptor
    private let arrival: Arrival
    private let name: String
    private var offset: Int64 = 0

    init(_ file: consuming Descriptor, _ arrival: Arrival, name: String) {
        self.file = file
        self.arrival = arrival
        self.name = name
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int {
        while true {
            let available = try arrival.wait(beyond: offset) - offset
            if available == 0 { return 0 }
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(available, Int64(buffer.count)))])
            let count = try ImageError.system("read \(name)") { () throws(SystemError) in
                try file.read(into: part, at: offset)
            }
            offset += Int64(count)
            // Where it began anew meanwhile, the bytes come back.
            if count > 0 { return count }
        }
    }
}

/// A layer whose bytes can be read as soon as somebody fetches them.
package final class AwaitedLayer: Sendable {
    package typealias Opening = @Sendable () throws(ImageError) -> any ByteSource

    private let opening = Awaited<Result<Opening, ImageError>>()

    package init() {}

    /// Says where the bytes are.
    ///
    /// - Parameter make: Opens them; called by whoever waits.
    package func provide(_ make: @escaping Opening) { opening.come(.success(make)) }

    /// Says that there will be none.
    package func fail(_ error: ImageError) { opening.come(.failure(error)) }

    /// Waits for the bytes.
    package func source() throws(ImageError) -> any ByteSource {
        let open = try opening.value.get()
        return try open()
    }
}
