// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
package import OCI
import Synchronization

/// Content that arrives piece by piece, kept by its digest over the end of whoever fetches it.
///
/// It is a file beside the store with the start of the content, as far as it has come. One fetches it at a time, in all
/// processes; others in this process can read what is there already, and wait for the rest (``makeSource()``).
package final class PartialBlob: Sendable {
    package let digest: Digest
    /// In bytes.
    package let size: Int64
    private let store: ContentStore
    private let file: Descriptor
    private let arrival = Arrival()
    private let state: Mutex<State>

    private struct State {
        var hash: RunningHash
        var received: Int64 = 0
        var validator: String?
    }

    /// Opens what there is of a content, and waits until nobody else fetches it.
    ///
    /// What is there is hashed, so that it takes a while.
    ///
    /// - Parameters:
    ///   - digest: The content.
    ///   - size: How many bytes it has.
    ///   - store: The store that it is for.
    /// - Throws: The error of a call.
    package init(_ digest: Digest, size: Int64, in store: ContentStore) throws(ImageError) {
        self.digest = digest
        self.size = size
        self.store = store
        file = try Self.open(digest, in: store.partials)
        var state = try Self.state(of: file, digest, size)
        if state.received > 0 { state.validator = Self.note(of: digest, in: store) }
        arrival.advance(to: state.received)
        self.state = Mutex(state)
    }

    deinit { arrival.end(ImageError(.system, "nobody fetches the content \(digest) any more")) }

    /// How many bytes are there.
    package var received: Int64 { state.withLock(\.received) }

    /// What the registry calls the content that the bytes belong to.
    package var validator: String? { state.withLock(\.validator) }

    /// Keeps what the registry calls the content.
    package func setValidator(_ validator: String?) throws(ImageError) {
        let isNew = state.withLock { state in
            defer { state.validator = validator }
            return state.validator != validator
        }
        guard isNew else { return }
        try ImageError.system("note how \(digest) goes on") { () throws(SystemError) in
            let name = Self.noteName(digest)
            guard let validator else { return try Self.removeIfThere(name, in: store) }
            let note = try store.partials.descriptor.open(name, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
            try note.write(Array(validator.utf8.prefix(Self.longestNote)))
        }
    }

    /// Takes in the next bytes.
    ///
    /// - Parameter bytes: The bytes.
    /// - Throws: ``ImageError/Code/digestMismatch`` where they are too many, or the error of a call.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(ImageError) {
        let start = state.withLock(\.received)
        if Int64(bytes.count) > size - start {
            throw ImageError(.digestMismatch, "the content \(digest) should have \(size) bytes and has more")
        }
        try ImageError.system("write \(digest)") { () throws(SystemError) in try file.write(bytes, at: start) }
        state.withLock { state in
            state.hash.update(bytes)
            state.received += Int64(bytes.count)
        }
        arrival.advance(to: start + Int64(bytes.count))
    }

    /// Forgets all bytes.
    package func restart() throws(ImageError) {
        try ImageError.system("empty \(digest)") { () throws(SystemError) in
            try file.truncate(to: 0)
        }
        state.withLock { $0 = State(hash: RunningHash(digest.algorithm)) }
        arrival.advance(to: 0)
        try setValidator(nil)
    }

    /// Checks that all is there and is what its digest says.
    package func finish() throws(ImageError) {
        let (received, found) = state.withLock { ($0.received, $0.hash.digest) }
        if received != size {
            throw ImageError(.digestMismatch, "the content \(digest) should have \(size) bytes and has \(received)")
        }
        if found != digest {
            throw ImageError(.digestMismatch, "the content \(digest) is broken: its digest is \(found)")
        }
        arrival.end(nil)
    }

    /// Tells those who read that there will be no more.
    package func fail(_ error: ImageError) { arrival.end(error) }

    /// Removes it from the disk; who has it open can still read it.
    package func remove() throws(ImageError) {
        try ImageError.system("remove what there is of \(digest)") { () throws(SystemError) in
            try Self.removeIfThere(Self.noteName(digest), in: store)
            try Self.removeIfThere(Self.name(digest), in: store)
        }
    }

    /// The bytes from the start, which wait for what has not come yet.
    package func makeSource() throws(ImageError) -> any ByteSource {
        let copy = try ImageError.system("read \(digest)") { () throws(SystemError) in try file.reopened(O_RDONLY) }
        return ArrivingSource(copy, arrival, name: digest.description)
    }

    /// Gives the finished content another name in a folder.
    func link(into folder: borrowing Descriptor, as name: FilePath) throws(SystemError) {
        try file.sync()
        try folder.makeHardLink(name, to: store.partials.descriptor, Self.name(digest))
    }

    // MARK: Files

    /// Opens a file that nobody else works with.
    private static func open(
        _ digest: Digest,
        in folder: ContentStore.OpenFolder
    ) throws(ImageError) -> Descriptor {
        let name = name(digest)
        do throws(SystemError) {
            while true {
                let file = try folder.descriptor.open(name, O_RDWR | O_CREAT, mode: 0o600)
                try file.lock(isExclusive: true)
                // Whoever had it may have removed it.
                if try folder.descriptor.status(of: name)?.inode == file.status().inode { return file }
            }
        } catch {
            throw ImageError(.system, "cannot open what there is of \(digest)", cause: error)
        }
    }

    /// Reads what is there; more than belongs there is of no use to anybody.
    private static func state(
        of file: borrowing Descriptor,
        _ digest: Digest,
        _ size: Int64
    ) throws(ImageError) -> State {
        var state = State(hash: RunningHash(digest.algorithm))
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { piece.deallocate() }
        do throws(SystemError) {
            while true {
                let count = try file.read(into: piece, at: state.received)
                if count == 0 { break }
                state.hash.update(UnsafeRawBufferPointer(rebasing: piece[..<count]))
                state.received += Int64(count)
            }
            if state.received <= size { return state }
            try file.truncate(to: 0)
        } catch {
            throw ImageError(.system, "cannot read what there is of \(digest)", cause: error)
        }
        return State(hash: RunningHash(digest.algorithm))
    }

    private static func removeIfThere(_ name: FilePath, in store: ContentStore) throws(SystemError) {
        do throws(SystemError) {
            try store.partials.descriptor.remove(name)
        } catch {
            if error.number != ENOENT { throw error }
        }
    }

    private static let longestNote = 1 << 10

    private static func name(_ digest: Digest) -> FilePath {
        FilePath("\(digest.algorithm.rawValue)-\(digest.hex)".utf8) ?? "."
    }

    private static func noteName(_ digest: Digest) -> FilePath {
        FilePath("\(digest.algorithm.rawValue)-\(digest.hex).validator".utf8) ?? "."
    }

    private static func note(of digest: Digest, in store: ContentStore) -> String? {
        guard let file = try? store.partials.descriptor.open(noteName(digest), O_RDONLY),
            let bytes = try? file.contents(limit: longestNote), !bytes.isEmpty,
            bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F })
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension ContentStore {
    /// Removes what nobody fetches any more.
    package func removeUnfinished() throws(ImageError) {
        try ImageError.system("remove unfinished content") { () throws(SystemError) in
            for name in try partials.descriptor.entries() {
                do throws(SystemError) {
                    let file = try partials.descriptor.open(name, O_RDONLY | O_NOFOLLOW)
                    if try file.lock(isExclusive: true, waits: false) { try partials.descriptor.remove(name) }
                } catch {
                    // It is gone, or nothing of ours.
                    if ![ENOENT, ELOOP, EISDIR].contains(error.number) { throw error }
                }
            }
        }
    }
}
