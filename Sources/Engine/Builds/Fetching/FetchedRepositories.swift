// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import JSONTree
import Linux
import OCI

/// Copies of repositories that builds have fetched, kept so that only what is new is fetched again.
final class FetchedRepositories: Sendable {
    /// What is said of a copy.
    fileprivate struct Record: Codable {
        /// Without what it says of users.
        var address: String
    }

    /// A copy of a repository, for as long as nobody else has it.
    struct Copy: Sendable {
        /// The folder of the copy, with its record.
        fileprivate let folder: String
        fileprivate let record: Record

        /// The repository itself, without files.
        var path: String { "\(folder)/repository" }
    }

    let path: String
    /// Lets each copy be used by one at a time.
    private let gates = KeyedGates()

    private static let recordLimit = 1 << 20
    fileprivate static let recordName: FilePath = "record.json"

    /// - Parameter path: Where they are kept; it is made when it is needed.
    init(_ path: String) {
        self.path = path
    }

    /// Uses the copy of a repository, which nobody else uses or removes meanwhile.
    ///
    /// - Parameters:
    ///   - repository: The address of the repository.
    ///   - isAuthorized: Whether the server is told who asks; what was fetched so is not given to somebody unknown.
    ///   - body: Uses it; it may be empty, or broken.
    /// - Throws: What the body throws, the error of a call, `CancellationError`.
    func use(_ repository: String, isAuthorized: Bool, _ body: (Copy) async throws -> Void) async throws {
        let key = Digest(sha256: Array((repository + (isAuthorized ? "\0authorized" : "")).utf8)).hex
        try await gates.run(key) {
            let copy = Copy(folder: "\(path)/\(key)", record: Record(address: Self.shown(repository)))
            try await BlockingCall.run { [path] in
                try ContainerFolder.makeDirectory(path, mode: 0o700)
                if Self.record(in: copy.folder) == nil { try copy.makeAnew() }
                // The time of the folder is that of the last use.
                let folder = try Descriptor.open(copy.folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                try folder.setTimes(access: .now, modification: .now)
            }
            try await body(copy)
        }
    }

    /// An address without a user and a password.
    private static func shown(_ repository: String) -> String {
        guard let scheme = repository.firstRange(of: "://") else { return repository }
        let rest = repository[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return repository }
        return String(repository[..<scheme.upperBound] + rest[rest.index(after: at)...])
    }

    private static func record(in folder: String) -> Record? {
        // One that cannot be read is as good as none: the repository is fetched again.
        guard let folder = try? Descriptor.open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
            let bytes = try? folder.open(recordName, O_RDONLY | O_NOFOLLOW).contents(limit: recordLimit)
        else { return nil }
        return try? JSON.decode(Record.self, from: bytes)
    }

    // MARK: Room on the disk

    /// A copy, for lists.
    struct Item: Sendable {
        var name: FilePath
        var address: String
        var size: Int64
        var used: FileTime
        /// Whether a build has it at the moment.
        var isInUse: Bool
    }

    /// All of them.
    ///
    /// - Returns: The copies.
    /// - Throws: The error of a call.
    func all() throws -> [Item] {
        guard access(path, F_OK) == 0 else { return [] }
        let folder = try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        return try folder.entries().compactMap { name in
            guard let status = try folder.status(of: name) else { return nil }
            let own = "\(path)/\(name)"
            return Item(
                name: name,
                address: Self.record(in: own)?.address ?? "what is left of a repository",
                size: try DiskUsage.bytes(below: own),
                used: status.modificationTime,
                isInUse: gates.isUsed("\(name)")
            )
        }
    }

    /// Removes those that no build has at the moment and that are not wanted.
    ///
    /// - Parameters:
    ///   - trash: A folder on the same file system for what is being removed.
    ///   - isWanted: Whether one stays, by its last use.
    /// - Returns: The bytes that they held.
    /// - Throws: The error of a call, `CancellationError`.
    func discard(to trash: String, keeping isWanted: @escaping @Sendable (FileTime) -> Bool) async throws -> Int64 {
        var sum: Int64 = 0
        for item in try await BlockingCall.run({ try self.all() }) where !item.isInUse && !isWanted(item.used) {
            let own = "\(path)/\(item.name)"
            try await gates.run("\(item.name)") {
                try await BlockingCall.run { try ContainerFolder(path: own).discard(to: trash, comesAgain: true) }
            }
            sum += item.size
        }
        return sum
    }
}

extension FetchedRepositories.Copy {
    /// The file by which git finds objects of others (gitrepository-layout(5)).
    static let lendersName: FilePath = "alternates"
    private static let shallowName: FilePath = "shallow"
    private static let shallowLimit = 64 << 20

    /// Forgets all that was fetched.
    ///
    /// - Throws: The error of a call.
    func clear() async throws { try await BlockingCall.run { try makeAnew() } }

    fileprivate func makeAnew() throws {
        try FetchedFiles.removeTree(folder)
        try ContainerFolder.makeDirectory(folder, mode: 0o700)
        let own = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
        try own.open(FetchedRepositories.recordName, flags, mode: 0o600).write(JSON.encode(record))
    }

    /// Removes what a git that was killed has left: locks that nobody holds, and parts of packs.
    ///
    /// - Throws: The error of a call.
    func tidy() throws(SystemError) {
        guard access(path, F_OK) == 0 else { return }
        let root = try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        try Self.removeFiles(in: root, isDeep: false) { $0.hasSuffix(".lock") }
        // Where a folder is missing, git tells what is wrong with the copy.
        if let references = try? root.open("refs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW) {
            try Self.removeFiles(in: references, isDeep: true) { $0.hasSuffix(".lock") }
        }
        if let packs = try? root.open("objects/pack", O_RDONLY | O_DIRECTORY | O_NOFOLLOW) {
            try Self.removeFiles(in: packs, isDeep: false) { $0.hasPrefix("tmp_") }
        }
    }

    private static func removeFiles(
        in folder: borrowing Descriptor,
        isDeep: Bool,
        where isLeft: (String) -> Bool
    ) throws(SystemError) {
        for name in try folder.entries() {
            guard let status = try folder.status(of: name) else { continue }
            if status.kind == .directory {
                if isDeep {
                    let inner = try folder.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                    try removeFiles(in: inner, isDeep: true, where: isLeft)
                }
            } else if isLeft("\(name)") {
                try folder.remove(name)
            }
        }
    }

    /// Has another repository find all objects here.
    ///
    /// - Parameter other: The path of its `.git`.
    /// - Throws: The error of a call.
    func lend(to other: String) throws {
        let other = try Descriptor.open(other, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
        let information = try other.open("objects/info", O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        try information.open(Self.lendersName, flags, mode: 0o644).write(Array("\(path)/objects\n".utf8))
        let root = try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        guard try root.status(of: Self.shallowName) != nil else { return }
        let bytes = try root.open(Self.shallowName, O_RDONLY | O_NOFOLLOW).contents(limit: Self.shallowLimit)
        try other.open(Self.shallowName, flags, mode: 0o644).write(bytes)
    }
}
