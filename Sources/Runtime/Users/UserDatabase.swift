// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
package import Linux

/// The `/etc/passwd` and `/etc/group` of a container, which nobody vouches for.
///
/// They are found as a process inside would find them, and read only where they are regular files of at most 1 MiB with
/// lines of at most 64 KiB: a FIFO would never end (CVE-2024-9676), and a sparse file of terabytes would take all memory
/// (CVE-2026-47262). A file that is not there has no entries.
package struct UserDatabase: Sendable {
    /// One of the files.
    struct File: Sendable {
        /// A line with the text between its colons.
        struct Line {
            /// From 1.
            var number: Int
            var fields: [ArraySlice<UInt8>]
        }

        /// Its path inside the container.
        let path: String
        private let bytes: [UInt8]

        static let sizeLimit = 1 << 20
        static let lineLimit = 64 << 10

        init(_ path: String, below root: borrowing Descriptor) throws(UserError) {
            self.path = path
            bytes = try Self.contents(path, root)
        }

        /// Opens by `O_PATH` at first: opening a FIFO or a device has effects.
        private static func contents(_ path: String, _ root: borrowing Descriptor) throws(UserError) -> [UInt8] {
            do {
                let place = try root.open(path, CLINUX_O_PATH, resolution: .inRoot)
                var status = stat()
                guard fstat(place.number, &status) == 0 else { throw SystemError("fstat", errno) }
                guard status.st_mode & S_IFMT == S_IFREG else { throw UserError(file: path, "is not a regular file") }
                let file = try Descriptor.open("/proc/self/fd/\(place.number)", O_RDONLY | O_NONBLOCK | O_NOCTTY)
                return try file.contents(limit: sizeLimit)
            } catch let error as UserError {
                throw error
            } catch let error as SystemError {
                if error.number == ENOENT { return [] }
                if error.number == EFBIG { throw UserError(file: path, "is larger than \(sizeLimit) bytes") }
                throw UserError(file: path, "cannot be read: \(error.call): \(SystemError.text(of: error.number))")
            } catch {
                throw UserError(file: path, "cannot be read: \(error)")
            }
        }

        /// The first result that a line gives.
        ///
        /// - Parameter body: Looks at a line, comments and empty ones excepted.
        /// - Returns: The result; nil where no line gives one.
        /// - Throws: What `body` throws, or a line that is too long.
        func first<Result>(_ body: (Line) throws(UserError) -> Result?) throws(UserError) -> Result? {
            var (number, start) = (0, 0)
            while start < bytes.count {
                number += 1
                let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
                guard end - start <= Self.lineLimit else {
                    throw UserError(file: path, line: number, "is longer than \(Self.lineLimit) bytes")
                }
                let text = bytes[start..<end]
                start = end + 1
                if text.isEmpty || text.first == UInt8(ascii: "#") { continue }
                let fields = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
                if let result = try body(Line(number: number, fields: fields)) { return result }
            }
            return nil
        }
    }

    /// An entry of `/etc/passwd`.
    struct User {
        var name: [UInt8]
        var uid: UInt32
        var gid: UInt32
        var home: String
    }

    private let users: File
    private let groups: File

    /// Reads the files.
    ///
    /// - Parameter root: The root of the container: a directory, or a mount that is attached nowhere.
    /// - Throws: The file that cannot be trusted.
    package init(root: borrowing Descriptor) throws(UserError) {
        users = try File("/etc/passwd", below: root)
        groups = try File("/etc/group", below: root)
    }

    /// The user of a name.
    func user(named name: String) throws(UserError) -> User? {
        try users.first { line throws(UserError) in
            line.fields[0].elementsEqual(name.utf8) ? try entry(line) : nil
        }
    }

    /// The first user with an id; a line that makes no sense is none with that id.
    func user(_ uid: UInt32) throws(UserError) -> User? {
        try users.first { line throws(UserError) in
            guard line.fields.count > 2, case .number(uid)? = try? Identifier(line.fields[2]) else { return nil }
            return try entry(line)
        }
    }

    /// The group of a name.
    func group(named name: String) throws(UserError) -> UInt32? {
        try groups.first { line throws(UserError) in
            line.fields[0].elementsEqual(name.utf8) ? try id(in: line, at: 2, of: groups) : nil
        }
    }

    /// The groups that name a user among their members, in their order and each once.
    func groups(of user: [UInt8]) throws(UserError) -> [UInt32] {
        var (found, seen): ([UInt32], Set<UInt32>) = ([], [])
        let none: Never? = try groups.first { line throws(UserError) in
            guard line.fields.count > 3 else { return nil }
            let members = line.fields[3].split(separator: UInt8(ascii: ","))
            guard members.contains(where: { $0.elementsEqual(user) }) else { return nil }
            let gid = try id(in: line, at: 2, of: groups)
            if seen.insert(gid).inserted { found.append(gid) }
            return nil
        }
        precondition(none == nil)
        return found
    }

    private func entry(_ line: File.Line) throws(UserError) -> User {
        User(
            name: Array(line.fields[0]),
            uid: try id(in: line, at: 2, of: users),
            gid: try id(in: line, at: 3, of: users),
            home: line.fields.count > 5 ? String(decoding: line.fields[5], as: UTF8.self) : ""
        )
    }

    /// The id in a field of an entry that is wanted: what makes no sense must not count as root.
    private func id(in line: File.Line, at index: Int, of file: File) throws(UserError) -> UInt32 {
        guard line.fields.count > index else {
            let text = "has \(line.fields.count) fields: it lacks the id"
            throw UserError(file: file.path, line: line.number, text)
        }
        do {
            if case .number(let id) = try Identifier(line.fields[index]) { return id }
        } catch {
            throw UserError(file: file.path, line: line.number, error.reason)
        }
        let text = "`\(String(decoding: line.fields[index], as: UTF8.self))` is not an id"
        throw UserError(file: file.path, line: line.number, text)
    }
}

/// What a user or group is given as.
enum Identifier: Equatable {
    case number(UInt32)
    case name(String)

    /// The largest id: programs take those above for negative numbers, and some of these for root.
    static let largest = UInt32(Int32.max)

    /// Tells numbers from names: what consists of digits, with or without a sign, is never a name.
    ///
    /// A line `4294967296:x:0:0` of `/etc/passwd` would else make that number root (CVE-2024-40635, CVE-2026-46680).
    ///
    /// - Parameter text: The text as it was given.
    /// - Throws: For a number that is no id.
    init(_ text: some Collection<UInt8>) throws(UserError) {
        let shown = String(decoding: text, as: UTF8.self)
        let isSigned = text.first == UInt8(ascii: "-") || text.first == UInt8(ascii: "+")
        let digits = text.dropFirst(isSigned ? 1 : 0)
        guard !digits.isEmpty, digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else {
            self = .name(shown)
            return
        }
        guard !isSigned, let number = UInt32(shown), number <= Self.largest else {
            throw UserError("`\(shown.prefix(32))` is not an id: they go from 0 to \(Self.largest)")
        }
        self = .number(number)
    }
}
