// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import TestSupport

/// What the kernel knows of an engine's containers.
extension SurvivingEngine {
    /// Everything that is left after the last container was removed: processes, mounts, control groups, files.
    func leftovers() -> [String] {
        let mounts = (try? readText("/proc/self/mountinfo").split(separator: "\n").map(String.init)) ?? []
        return processes() + mounts.filter { $0.contains(scratch.path) } + groups()
            + names(in: location.containers).map { "\(location.containers)/\($0)" }
            + names(in: scratch / "trash").map { "trash/\($0)" }
    }

    /// Processes with the mark that every container has in its environment, and engines and keepers.
    func processes() -> [String] {
        var found: [String] = []
        for number in names(in: "/proc") where Int32(number) != nil && Int32(number) != getpid() {
            // One that nobody has waited for yet has neither.
            let environment = (try? readText("/proc/\(number)/environ")) ?? ""
            let words = (try? readText("/proc/\(number)/cmdline")) ?? ""
            let isMarked = environment.split(separator: "\0").contains { $0 == "MARK=\(scratch.path)" }
            if isMarked || words.contains(scratch.path) {
                found.append("process \(number): \(words.split(separator: "\0").joined(separator: " "))")
            }
        }
        return found
    }

    /// Processes that have ended and that a process has not waited for.
    static func zombies(of parent: Int32) -> [String] {
        names(in: "/proc").filter { number in
            guard Int32(number) != nil, let text = try? readText("/proc/\(number)/stat"),
                let end = text.lastIndex(of: ")")
            else { return false }
            let fields = text[end...].dropFirst(2).split(separator: " ")
            return fields.count > 1 && fields[0] == "Z" && fields[1] == "\(parent)"
        }
    }

    /// The control groups below those of the engine.
    func groups() -> [String] {
        // FNV-1a of 64 bits, by which engines with different folders keep their groups apart.
        let hash = location.data.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        let name = String(hash, radix: 16)
        let lines = (try? readText("/proc/self/mountinfo").split(separator: "\n")) ?? []
        return lines.filter { $0.contains(" - cgroup") }.compactMap { line in
            let fields = line.split(separator: " ")
            let folder = fields.count > 4 ? "\(fields[4])/wharf/\(name)" : ""
            return isFolder(folder) ? folder : nil
        }
    }

    /// What a process has open, by kind and name and without numbers, in order.
    static func descriptors(of process: Int32) -> [String] {
        let folder = "/proc/\(process)/fd"
        return names(in: folder).compactMap { number in
            var target = [CChar](repeating: 0, count: 512)
            let count = readlink("\(folder)/\(number)", &target, target.count)
            guard count > 0 else { return nil }
            let text = String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return text.hasPrefix("/") ? text : String(text.prefix { $0 != "[" })
        }.sorted()
    }
}
