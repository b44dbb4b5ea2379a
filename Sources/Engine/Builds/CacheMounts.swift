// SPDX-License-Identifier: Apache-2.0

import Build
import EngineAPI
import Glibc
import Images
import Linux
import OCI
import Synchronization

/// The folders of `RUN --mount=type=cache`, which outlive builds.
final class CacheMounts: Sendable {
    let path: String
    /// The folders that are in use, with how many use them.
    private let used = Mutex<[String: Int]>([:])
    private let gates = KeyedGates()

    /// - Parameter path: Where they are; it is made when it is needed.
    init(_ path: String) {
        self.path = path
    }

    /// A folder for as long as a program has it.
    final class Lease: Sendable {
        let folder: String
        private let release: @Sendable () -> Void

        fileprivate init(_ folder: String, _ release: @escaping @Sendable () -> Void) {
            (self.folder, self.release) = (folder, release)
        }

        deinit { release() }
    }

    /// Whether a program has a folder at the moment.
    func isUsed(_ name: String) -> Bool { used.withLock { $0[name] != nil } }

    /// Runs a function that has folders; those that are locked are its own meanwhile.
    ///
    /// - Parameters:
    ///   - mounts: The mounts; others than caches are left out.
    ///   - body: The function, which gets the folders by the targets of their mounts.
    /// - Returns: What it returns.
    /// - Throws: What it throws, or the error of a call.
    func run<Value>(
        with mounts: [RunMount],
        _ body: ([String: Lease]) async throws -> Value
    ) async throws -> Value {
        let caches = mounts.filter { $0.kind == .cache }
        // All builds take locks in the same order.
        let locked = Set(caches.filter { $0.sharing == .locked }.map { Self.name(of: $0) }).sorted()
        return try await run(locked[...]) {
            var leases: [String: Lease] = [:]
            for mount in caches { leases[mount.target] = try lease(mount) }
            return try await body(leases)
        }
    }

    private func run<Value>(_ locked: ArraySlice<String>, _ body: () async throws -> Value) async throws -> Value {
        guard let name = locked.first else { return try await body() }
        return try await gates.run(name) { try await run(locked.dropFirst(), body) }
    }

    private func lease(_ mount: RunMount) throws -> Lease {
        let name = Self.name(of: mount)
        let chosen = used.withLock { used in
            var chosen = name
            if mount.sharing == .private {
                var number = 1
                while used[chosen] != nil {
                    chosen = "\(name)-\(number)"
                    number += 1
                }
            }
            used[chosen, default: 0] += 1
            return chosen
        }
        let lease = Lease("\(path)/\(chosen)") { [weak self] in
            self?.used.withLock { used in
                used[chosen, default: 1] -= 1
                if used[chosen] == 0 { used[chosen] = nil }
            }
        }
        try ContainerFolder.makeDirectory(path, mode: 0o700)
        return lease
    }

    /// Caches of one id that begin with different owners or permissions are different ones.
    private static func name(of mount: RunMount) -> String {
        var text = mount.id
        if mount.mode != nil || mount.uid != nil || mount.gid != nil {
            text += "\0\(mount.mode ?? 0o755) \(mount.uid ?? 0) \(mount.gid ?? 0)"
        }
        return Digest(sha256: Array(text.utf8)).hex
    }

    /// Makes the folder of a cache, which appears with what it begins with.
    private static func make(
        _ folder: String,
        _ mount: RunMount,
        filling fill: (SharedDescriptor) throws -> Void
    ) throws {
        let slash = folder.lastIndex(of: "/") ?? folder.startIndex
        let parent = try Descriptor.open(String(folder[..<slash]), O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let name = FilePath(folder[slash...].dropFirst().utf8) ?? "cache"
        let temporary = FilePath("\(name).new-\(UInt64.random(in: 0...UInt64.max))".utf8) ?? "new"
        try parent.makeDirectory(temporary, mode: 0o700)
        do {
            let new = SharedDescriptor(try parent.open(temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
            try fill(new)
            try new.descriptor.setPermissions(mount.mode ?? 0o755)
            try new.descriptor.setOwner(uid: mount.uid ?? 0, gid: mount.gid ?? 0)
            try parent.rename(temporary, to: parent, name, replacing: false)
        } catch {
            try? parent.removeTree(temporary)
            // Another program was first.
            if let error = error as? SystemError, error.number == EEXIST { return }
            throw error
        }
    }

    /// Opens the folder of a cache, which is made and filled where it is new.
    ///
    /// - Parameters:
    ///   - mount: The mount.
    ///   - lease: Its folder.
    ///   - fill: Fills a new folder.
    /// - Returns: The folder or what `source` names in it.
    /// - Throws: `badParameter` for a source that is not there, or the error of a call.
    static func open(
        _ mount: RunMount,
        _ lease: Lease,
        filling fill: (SharedDescriptor) throws -> Void
    ) throws -> SharedDescriptor {
        let folder = lease.folder
        if access(folder, F_OK) != 0 {
            try make(folder, mount, filling: fill)
        }
        let root = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        if mount.source != nil || mount.path.isEmpty { return SharedDescriptor(root) }
        do {
            return SharedDescriptor(try root.open(mount.path, OpenFlags.pathOnly, resolution: .inRoot))
        } catch {
            throw EngineError(
                .badParameter,
                "--mount=type=cache,id=\(mount.id): cannot open its source `\(mount.path)`: \(error)"
            )
        }
    }
}

/// A gate for each of many keys.
final class KeyedGates: Sendable {
    private struct Entry {
        var gate = SerialGate()
        var users = 0
    }

    private let entries = Mutex<[String: Entry]>([:])

    /// Whether a function runs with a key, or waits for that.
    func isUsed(_ key: String) -> Bool { entries.withLock { $0[key] != nil } }

    /// Runs a function while no other one runs with the same key.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - body: The function; it must not come here again with the same key.
    /// - Returns: What it returns.
    /// - Throws: What it throws, or `CancellationError`.
    func run<Value>(_ key: String, _ body: () async throws -> Value) async throws -> Value {
        let gate = entries.withLock { entries in
            entries[key, default: Entry()].users += 1
            return entries[key, default: Entry()].gate
        }
        defer {
            entries.withLock { entries in
                entries[key]?.users -= 1
                if entries[key]?.users == 0 { entries[key] = nil }
            }
        }
        return try await gate.run(body)
    }
}
