// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import JSONTree
import Linux
import OCI
import Registry
import Synchronization

/// Files that builds have fetched by HTTP, kept so that only what has changed is fetched again.
final class FetchedFiles: Sendable {
    /// A file that is here.
    struct Record: Codable, Sendable {
        var address: String
        var digest: Digest
        var size: Int64
        var file: WebFile
    }

    let path: String
    private let client: WebClient
    /// Lets each address be fetched once at a time.
    private let gates = KeyedGates()

    /// No file is larger.
    private static let sizeLimit: Int64 = 64 << 30
    private static let recordLimit = 1 << 20
    private static let recordName: FilePath = "record.json"
    fileprivate static let contentName: FilePath = "content"

    /// - Parameters:
    ///   - path: Where they are kept; it is made when it is needed.
    ///   - settings: How servers are reached.
    init(_ path: String, _ settings: RegistrySettings) {
        self.path = path
        client = WebClient(settings)
    }

    /// Copies a file to a folder, fetched where it is not here or there is another one.
    ///
    /// - Parameters:
    ///   - address: Where it is.
    ///   - checksum: What it has to be; nil for whatever it is.
    ///   - authorization: The header that says who asks; nil for nobody.
    ///   - folder: Where the copy is made.
    ///   - name: What it is called there.
    ///   - notice: Told of what goes wrong and is tried again.
    /// - Throws: `EngineError`, `CancellationError`.
    func copy(
        _ address: String,
        checksum: Digest?,
        authorization: String?,
        to folder: String,
        as name: FilePath,
        notice: @escaping @Sendable (String) -> Void
    ) async throws {
        let key = Digest(sha256: Array(address.utf8)).hex
        try await gates.run(key) {
            let own = "\(path)/\(key)"
            let known = try await BlockingCall.run { [path] in
                try ContainerFolder.makeDirectory(path, mode: 0o700)
                return Self.record(in: own)
            }
            var record = known
            if checksum == nil || known?.digest != checksum {
                record = try await fetch(address, known, checksum, authorization, own, notice)
            }
            guard let record else { return }
            try await BlockingCall.run { try Self.copy(record, from: own, to: folder, as: name) }
        }
    }

    private static func record(in folder: String) -> Record? {
        // One that cannot be read is as good as none: the file is fetched again.
        guard let folder = try? Descriptor.open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
            let bytes = try? folder.open(recordName, O_RDONLY | O_NOFOLLOW).contents(limit: recordLimit),
            let record = try? JSON.decode(Record.self, from: bytes),
            (try? folder.status(of: contentName))??.size == record.size
        else { return nil }
        return record
    }

    private func fetch(
        _ address: String,
        _ known: Record?,
        _ checksum: Digest?,
        _ authorization: String?,
        _ own: String,
        _ notice: @escaping @Sendable (String) -> Void
    ) async throws -> Record {
        let fresh = own + ".new"
        let file = try await BlockingCall.run { try FetchedContent(in: fresh, limit: Self.sizeLimit) }
        let found: WebFile?
        do {
            found = try await client.fetch(
                address,
                unless: known?.file,
                authorization: authorization,
                into: WebClient.Receiver(restart: { try file.restart() }, receive: { try file.receive($0) }),
                notice: notice
            )
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            try Task.checkCancellation()
            throw EngineError(anyRegistryFailure: error)
        }
        let record: Record
        if let found {
            let (digest, size) = file.outcome
            record = Record(address: address, digest: digest, size: size, file: found)
        } else if let known {
            record = known
        } else {
            throw EngineError(.failed, "\(address): the server says that nothing has changed, and was not asked that")
        }
        if let checksum, record.digest != checksum {
            throw EngineError(
                .badParameter,
                "digest mismatch sha256: \(address) has the checksum \(record.digest), and --checksum=\(checksum) is wanted"
            )
        }
        if found != nil { try await BlockingCall.run { try Self.keep(record, from: fresh, as: own) } }
        return record
    }

    private static func keep(_ record: Record, from fresh: String, as own: String) throws {
        let folder = try Descriptor.open(fresh, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let file = try folder.open(recordName, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
        try file.write(JSON.encode(record))
        try removeTree(own)
        if rename(fresh, own) != 0 { throw SystemError("rename", errno, on: own) }
    }

    /// Removes a folder of the engine's; one that is not there is as good.
    static func removeTree(_ path: String) throws(SystemError) {
        let parts = path.split(separator: "/")
        let parent = try Descriptor.open("/" + parts.dropLast().joined(separator: "/"), O_RDONLY | O_DIRECTORY)
        guard let name = parts.last.flatMap({ FilePath($0.utf8) }), try parent.status(of: name) != nil else { return }
        try parent.removeTree(name)
    }

    private static func copy(_ record: Record, from own: String, to folder: String, as name: FilePath) throws {
        let source = try Descriptor.open(own, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let content = try source.open(contentName, O_RDONLY | O_NOFOLLOW)
        // The time of the folder is that of the last use.
        try source.setTimes(access: .now, modification: .now)
        let target = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let file = try target.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        try content.copyContent(to: file)
        let time = FileTime(seconds: record.file.modified ?? 0)
        try file.setTimes(access: time, modification: time)
    }

    // MARK: Room on the disk

    /// All of them: the name of the folder, the record, and the time of the last use.
    func all() throws -> [(name: FilePath, record: Record, used: FileTime)] {
        guard access(path, F_OK) == 0 else { return [] }
        let folder = try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        return try folder.entries().compactMap { name in
            guard let record = Self.record(in: "\(path)/\(name)"), let status = try folder.status(of: name) else {
                return nil
            }
            return (name, record, status.modificationTime)
        }
    }

    /// Removes those that are not wanted.
    ///
    /// - Parameters:
    ///   - trash: A folder on the same file system for what is being removed.
    ///   - isWanted: Whether one stays, by its last use.
    /// - Returns: The bytes that they held.
    /// - Throws: The error of a call.
    func discard(to trash: String, keeping isWanted: (FileTime) -> Bool) throws -> Int64 {
        var sum: Int64 = 0
        for (name, record, used) in try all() where !isWanted(used) {
            try ContainerFolder(path: "\(path)/\(name)").discard(to: trash, comesAgain: true)
            sum += record.size
        }
        return sum
    }
}

/// The content of a file that comes, with its digest; it is written by one after the other.
private final class FetchedContent: Sendable {
    private let file: SharedDescriptor
    private let limit: Int64
    private let state = Mutex(State())

    private struct State {
        var hash = RunningHash()
        var size: Int64 = 0
    }

    init(in folder: String, limit: Int64) throws {
        try FetchedFiles.removeTree(folder)
        try ContainerFolder.makeDirectory(folder, mode: 0o700)
        let folder = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
        file = SharedDescriptor(try folder.open(FetchedFiles.contentName, flags, mode: 0o600))
        self.limit = limit
    }

    var outcome: (digest: Digest, size: Int64) { state.withLock { ($0.hash.digest, $0.size) } }

    func restart() throws {
        state.withLock { $0 = State() }
        try file.descriptor.truncate(to: 0)
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        let start = state.withLock(\.size)
        if start + Int64(bytes.count) > limit {
            throw EngineError(.badParameter, "the file is larger than \(limit) bytes")
        }
        try file.descriptor.write(bytes, at: start)
        state.withLock { state in
            state.hash.update(bytes)
            state.size += Int64(bytes.count)
        }
    }
}
