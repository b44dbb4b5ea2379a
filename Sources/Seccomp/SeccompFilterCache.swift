// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Synchronization

/// Filters that are compiled once for each profile and target, kept in memory and in a directory.
///
/// A file holds everything that the filter was made from, and is only used where that is the same to the last byte, so
/// two profiles can never be taken for each other. A file that is damaged, or that others could have written, is made
/// anew. The directory must be one that only its owner can write to: what stands in it decides what containers may do.
package final class SeccompFilterCache: Sendable {
    private struct Key: Hashable {
        var profile: SeccompProfile
        var target: SeccompFilter.Target
    }

    private let directory: String?
    private let filters = Mutex<[Key: SeccompFilter]>([:])

    /// How many filters are kept in memory; a host has a handful.
    private static let capacity = 64

    /// Makes a cache.
    ///
    /// - Parameter directory: A directory that exists; nil keeps filters in memory only.
    package init(directory: String? = nil) {
        self.directory = directory
    }

    /// The filter of a profile, compiled where it is neither in memory nor in the directory.
    ///
    /// A directory that cannot be read or written to costs time, but is no error.
    ///
    /// - Parameters:
    ///   - profile: The profile.
    ///   - target: What it is compiled for.
    /// - Returns: The filter.
    /// - Throws: What is wrong with the profile.
    package func filter(
        for profile: SeccompProfile,
        target: SeccompFilter.Target = SeccompFilter.Target()
    ) throws(SeccompProfileError) -> SeccompFilter {
        let key = Key(profile: profile, target: target)
        if let known = filters.withLock({ $0[key] }) { return known }
        let plan = try SeccompPlan(profile, for: target)
        let filter = if let stored = stored(plan) { stored } else { try compiled(plan) }
        filters.withLock { filters in
            if filters.count >= Self.capacity { filters.removeAll() }
            filters[key] = filter
        }
        return filter
    }

    private func compiled(_ plan: SeccompPlan) throws(SeccompProfileError) -> SeccompFilter {
        let filter = try plan.compile()
        if let directory {
            do {
                try SeccompFile(key: plan.key, instructions: filter.instructions).write(to: directory)
            } catch {
                // The next one compiles again.
                return filter
            }
        }
        return filter
    }

    private func stored(_ plan: SeccompPlan) -> SeccompFilter? {
        guard let directory, let file = SeccompFile(key: plan.key, in: directory) else { return nil }
        return SeccompFilter(instructions: file.instructions, loadFlags: plan.loadFlags)
    }
}

/// A filter on disk: a line with sizes and a checksum, the key, the instructions.
struct SeccompFile {
    private let key: [UInt8]
    let instructions: [UInt8]

    private static let format = "wharf-seccomp 1"
    private static let sizeLimit = 4 << 20

    init(key: String, instructions: [UInt8]) {
        self.key = Array(key.utf8)
        self.instructions = instructions
    }

    /// Reads the file of a key; nil where there is none, or none that can be trusted.
    init?(key: String, in directory: String) {
        let wanted = Array(key.utf8)
        let bytes: [UInt8]
        do {
            let path = "\(directory)/\(Self.name(wanted))"
            let file = try Descriptor.open(path, O_RDONLY | O_NOFOLLOW)
            guard Self.isOurs(file) else { return nil }
            bytes = try file.contents(limit: Self.sizeLimit)
        } catch {
            return nil
        }
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let body = Array(bytes[(end + 1)...])
        guard body.count > wanted.count, body.starts(with: wanted) else { return nil }
        instructions = Array(body[wanted.count...])
        self.key = wanted
        guard instructions.count.isMultiple(of: 8), instructions.count / 8 <= SeccompFilter.instructionLimit,
            bytes[..<end].elementsEqual(header.utf8)
        else { return nil }
    }

    private var header: String {
        "\(Self.format) \(key.count) \(instructions.count) \(Self.checksum(key + instructions))"
    }

    /// Puts the file in place at once, for all to see whole or not at all.
    ///
    /// - Parameter directory: The directory.
    /// - Throws: The error of the call that failed; nothing is left behind.
    func write(to directory: String) throws(SystemError) {
        let path = "\(directory)/\(Self.name(key))"
        let temporary = "\(path).\(getpid()).\(UInt32.random(in: 0 ... .max))"
        let file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        do throws(SystemError) {
            try Self.write(Array("\(header)\n".utf8) + key + instructions, to: file, path: temporary)
            if rename(temporary, path) != 0 { throw SystemError("rename", errno, on: path) }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    private static func write(
        _ bytes: [UInt8],
        to file: borrowing Descriptor,
        path: String
    ) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file.number, $0.baseAddress, $0.count) }
            if count < 0 {
                let number = errno
                if number == EINTR { continue }
                throw SystemError("write", number, on: path)
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Whether only this user, or root, can have written the file.
    private static func isOurs(_ file: borrowing Descriptor) -> Bool {
        var status = stat()
        let othersMayWrite: mode_t = 0o022
        return fstat(file.number, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            && [0, geteuid()].contains(status.st_uid) && status.st_mode & othersMayWrite == 0
    }

    static func name(_ key: [UInt8]) -> String {
        "\(String(checksum(key), radix: 16)).bpf"
    }

    /// FNV-1a of 64 bits: finds a file and damage by chance; what it is trusted for is compared in full.
    private static func checksum(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
