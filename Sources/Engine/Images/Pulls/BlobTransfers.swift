// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Images
import Linux
import OCI
import Registry
import Synchronization

/// The blobs that are being fetched: each of them once, however many pulls want it.
final class BlobTransfers: Sendable {
    /// What happens to a blob.
    enum Event: Sendable {
        /// It can be read from now on, as far as it has come.
        case opened(PartialBlob)
        /// How many bytes there are.
        case received(Int64)
    }

    typealias Observer = @Sendable (Event) -> Void

    private let content: ContentStore
    private let transfers = Mutex<[Digest: Transfer]>([:])

    init(_ content: ContentStore) {
        self.content = content
    }

    /// One blob that is being fetched, and who wants it.
    private final class Transfer: Sendable {
        struct State {
            var users = 0
            var task: Task<Void, Never>?
            var blob: PartialBlob?
            var observers: [Int: Observer] = [:]
            var next = 0
        }

        let state = Mutex(State())
        let end = Promise<Result<PartialBlob, any Error>>()

        func add(_ observer: @escaping Observer) -> Int {
            let (number, blob) = state.withLock { state in
                state.next += 1
                state.observers[state.next] = observer
                return (state.next, state.blob)
            }
            if let blob { observer(.opened(blob)) }
            return number
        }

        func open(_ blob: PartialBlob) {
            let observers = state.withLock { state in
                state.blob = blob
                return Array(state.observers.values)
            }
            for observer in observers { observer(.opened(blob)) }
        }

        func tell(_ count: Int64) {
            for observer in state.withLock({ Array($0.observers.values) }) { observer(.received(count)) }
        }
    }

    /// Fetches a blob, or waits for whoever fetches it already.
    ///
    /// - Parameters:
    ///   - descriptor: The blob.
    ///   - repository: Where from.
    ///   - observer: Told of what happens to it.
    /// - Returns: The blob, whole and checked; it is given back with ``release(_:removes:)``.
    /// - Throws: `EngineError`, or `CancellationError`, after which it is fetched for others alone.
    func fetch(
        _ descriptor: ContentDescriptor,
        from repository: RemoteRepository,
        _ observer: @escaping Observer
    ) async throws -> PartialBlob {
        let transfer = join(descriptor, repository)
        let number = transfer.add(observer)
        defer { transfer.state.withLock { $0.observers[number] = nil } }
        do {
            return try await transfer.end.value().get()
        } catch {
            leave(descriptor.digest, transfer, removes: false)
            throw error
        }
    }

    /// Gives back a blob that was fetched.
    ///
    /// - Parameters:
    ///   - blob: The blob.
    ///   - removes: Whether it is of no more use to anybody: it is in the store, or is not what it should be.
    func release(_ blob: PartialBlob, removes: Bool) {
        guard let transfer = transfers.withLock({ $0[blob.digest] }) else { return }
        leave(blob.digest, transfer, removes: removes)
    }

    private func join(_ descriptor: ContentDescriptor, _ repository: RemoteRepository) -> Transfer {
        transfers.withLock { transfers in
            if let transfer = transfers[descriptor.digest] {
                transfer.state.withLock { $0.users += 1 }
                return transfer
            }
            let transfer = Transfer()
            transfers[descriptor.digest] = transfer
            transfer.state.withLock { state in
                state.users = 1
                state.task = Task { await self.run(transfer, descriptor, repository) }
            }
            return transfer
        }
    }

    private func leave(_ digest: Digest, _ transfer: Transfer, removes: Bool) {
        let isLast = transfers.withLock { transfers in
            let isLast = transfer.state.withLock { state in
                state.users -= 1
                return state.users == 0
            }
            if isLast, transfers[digest] === transfer { transfers[digest] = nil }
            return isLast
        }
        guard isLast else { return }
        transfer.state.withLock { $0.task?.cancel() }
        // What cannot be removed now is used again, or removed by the next prune.
        if removes { try? transfer.state.withLock(\.blob)?.remove() }
    }

    /// Fetches a blob on threads of its own.
    @concurrent
    private func run(_ transfer: Transfer, _ descriptor: ContentDescriptor, _ repository: RemoteRepository) async {
        do {
            let content = content
            let blob = try await BlockingCall.run {
                try PartialBlob(descriptor.digest, size: descriptor.size, in: content)
            }
            transfer.open(blob)
            do {
                try await repository.fetch(descriptor, into: BlobDownload(blob) { transfer.tell($0) })
                transfer.end.keep(.success(blob))
            } catch {
                blob.fail(ImageError(.notFound, "the content \(descriptor.digest) did not come: \(error)"))
                throw error
            }
        } catch {
            // Whoever wants it from now on tries anew.
            transfers.withLock { if $0[descriptor.digest] === transfer { $0[descriptor.digest] = nil } }
            transfer.end.keep(.failure(EngineError(anyRegistryFailure: error)))
        }
    }
}

/// Puts what comes from a registry where it is kept.
private final class BlobDownload: BlobReceiver {
    private let blob: PartialBlob
    private let tell: (Int64) -> Void

    init(_ blob: PartialBlob, _ tell: @escaping (Int64) -> Void) {
        self.blob = blob
        self.tell = tell
    }

    var received: Int64 { blob.received }

    var validator: String? { blob.validator }

    func setValidator(_ validator: String?) throws { try blob.setValidator(validator) }

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        try checked { () throws(ImageError) in try blob.append(bytes) }
        tell(blob.received)
    }

    func restart() throws { try blob.restart() }

    func finish() throws {
        try checked { () throws(ImageError) in try blob.finish() }
    }

    /// Says in the words of registries that content is not what it should be, so that it is fetched again.
    private func checked(_ body: () throws(ImageError) -> Void) throws {
        do {
            try body()
        } catch {
            if error.code == .digestMismatch { throw RegistryError(.mismatch, "\(error)") }
            throw error
        }
    }
}
