// SPDX-License-Identifier: Apache-2.0

import Glibc
import JSONTree
import Linux

/// One thing that `wharf doctor` looked at.
struct Check: Equatable {
    enum Status: String, CaseIterable {
        case ok
        /// Something does not work, or is slow; everything else works.
        case warning
        /// Containers cannot run.
        case problem
    }

    enum Group: String, CaseIterable {
        case kernel
        case controlGroups = "control groups"
        case limits
        case networks
        case programs
        case folders
        case engine
    }

    var group: Group
    /// The same in every version, for scripts.
    var name: String
    var status: Status
    var message: String
    /// What to do; empty where there is nothing.
    var remedy = ""

    static func ok(_ group: Group, _ name: String, _ message: String) -> Self {
        Check(group: group, name: name, status: .ok, message: message)
    }

    static func warning(_ group: Group, _ name: String, _ message: String, remedy: String) -> Self {
        Check(group: group, name: name, status: .warning, message: message, remedy: remedy)
    }

    static func problem(_ group: Group, _ name: String, _ message: String, remedy: String) -> Self {
        Check(group: group, name: name, status: .problem, message: message, remedy: remedy)
    }

    /// The check for scripts.
    var json: JSON {
        [
            "group": .string(group.rawValue), "name": .string(name), "status": .string(status.rawValue),
            "message": .string(message), "remedy": remedy.isEmpty ? .null : .string(remedy),
        ]
    }
}

/// Small files of the kernel.
enum KernelFile {
    /// The text without space at its end; nil where there is no such file.
    static func text(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        var text = String(decoding: bytes[..<count], as: UTF8.self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    /// The number in a file; nil where there is none.
    static func number(_ path: String) -> Int? { text(path).flatMap { Int($0) } }
}
