// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// What `/proc/<pid>` tells about a process, by the field numbers of proc(5).
struct ProcessInformation: Sendable {
    let pid: Int32
    /// The name of the program, at most 15 bytes.
    let name: String
    /// The letter of the state.
    let state: String
    /// The fields of `stat` that follow the state.
    private let numbers: [Int64]
    /// The command line; empty where the process has none.
    let arguments: String
    /// Real, effective, saved and of the file system.
    let uids: [UInt32]
    let gids: [UInt32]
    /// KiB of memory that is resident; `stat` tells a number that is behind (proc(5)).
    let resident: UInt64
    /// KiB of memory that cannot be swapped out.
    let locked: UInt64
    /// What the process waits for in the kernel; empty where it runs.
    let waitChannel: String

    /// How much of a command line is read.
    private static let argumentLimit = 128 << 10

    /// Reads a process; nil comes back where it has ended.
    ///
    /// - Parameter pid: Its number on the host.
    /// - Throws: Any other error.
    init?(_ pid: Int32) throws {
        do {
            let folder = try Descriptor.open("/proc/\(pid)", OpenFlags.pathOnly | O_DIRECTORY)
            let stat = try Self.text("stat", in: folder)
            // The name may have any character in it, parentheses too.
            guard let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")"), open < close else {
                return nil
            }
            let fields = stat[stat.index(after: close)...].split(separator: " ")
            guard fields.count > 40 else { return nil }
            self.pid = pid
            name = Self.printable(stat[stat.index(after: open)..<close])
            state = String(fields[0])
            numbers = fields.dropFirst().map { Int64($0) ?? 0 }
            let status = Self.values(try Self.text("status", in: folder))
            uids = Self.ids(status["Uid"])
            gids = Self.ids(status["Gid"])
            resident = Self.kibibytes(status["VmRSS"])
            locked = Self.kibibytes(status["VmLck"])
            arguments = Self.printable(try Self.commandLine(in: folder))
            let channel = (try? Self.text("wchan", in: folder)) ?? ""
            waitChannel = channel == "0" ? "" : Self.printable(channel[...])
        } catch let error as SystemError where [ENOENT, ESRCH].contains(error.number) {
            return nil
        }
    }

    /// A number of `stat`, counted as in proc(5), from the parent's on, which is 4.
    func field(_ number: Int) -> Int64 {
        let index = number - 4
        return numbers.indices.contains(index) ? numbers[index] : 0
    }

    var parent: Int32 { Int32(truncatingIfNeeded: field(4)) }
    var processGroup: Int64 { field(5) }
    var session: Int64 { field(6) }
    var terminal: Int64 { field(7) }
    var terminalGroup: Int64 { field(8) }
    var nice: Int64 { field(19) }
    var threadCount: Int64 { field(20) }
    /// Time of the processors, in ticks.
    var ticks: UInt64 { UInt64(max(0, field(14))) &+ UInt64(max(0, field(15))) }
    /// Ticks between the boot and the start of the process.
    var startTicks: UInt64 { UInt64(max(0, field(22))) }
    var virtualSize: UInt64 { UInt64(max(0, field(23))) }
    var isZombie: Bool { state == "Z" }

    private static func text(_ name: String, in folder: borrowing Descriptor) throws -> String {
        let file = try folder.open(name, O_RDONLY, resolution: .noLinks)
        return String(decoding: try file.contents(limit: 1 << 20), as: UTF8.self)
    }

    private static func commandLine(in folder: borrowing Descriptor) throws -> Substring {
        let file = try folder.open("cmdline", O_RDONLY, resolution: .noLinks)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count < argumentLimit {
            let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        while bytes.last == 0 { bytes.removeLast() }
        return String(decoding: bytes.prefix(argumentLimit).map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self)[...]
    }

    /// The text without what would move the cursor of a terminal.
    private static func printable(_ text: Substring) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            result.append(isControl ? "?" : scalar)
        }
        return String(result)
    }

    private static func values(_ text: String) -> [Substring: Substring] {
        var values: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[line[..<colon]] = line[line.index(after: colon)...]
        }
        return values
    }

    private static func kibibytes(_ text: Substring?) -> UInt64 {
        text?.split(whereSeparator: \.isWhitespace).first.flatMap { UInt64($0) } ?? 0
    }

    private static func ids(_ text: Substring?) -> [UInt32] {
        let ids = (text ?? "").split(whereSeparator: \.isWhitespace).compactMap { UInt32($0) }
        return ids.count >= 4 ? ids : [0, 0, 0, 0]
    }
}
