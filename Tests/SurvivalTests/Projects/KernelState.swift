// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import TestSupport

/// What the kernel and the disk have of an engine's containers, without what is another each time: addresses, numbers, names.
extension SurvivingEngine {
    private static let looks = 100

    /// What there is once nothing is being taken down any more.
    ///
    /// - Parameter wanted: What it has to become; nil where nobody knows: then what does not change from one look to the next.
    /// - Returns: What it has become.
    /// - Throws: Where a program fails that lists rules and interfaces.
    func settledKernelState(_ wanted: [String]? = nil) throws -> [String] {
        var found = try kernelState()
        for _ in 0..<Self.looks {
            if found == wanted { break }
            let again = try kernelState()
            // What is in the trash goes when nothing more comes.
            if wanted == nil, again == found, again.contains("trash 0") { break }
            found = again
        }
        return found
    }

    func kernelState() throws -> [String] {
        let lines = (try? readText("/proc/self/mountinfo").split(separator: "\n")) ?? []
        let mounts = lines.filter { $0.contains(scratch.path) }.count
        let marked = containerProcesses()
        let networks = Set(marked.compactMap { Self.link("/proc/\($0.number)/ns/net") }).count
        return marked.map { "process \($0.words)" }.sorted()
            + ["mounts \(mounts)", "network namespaces \(networks)", "control groups \(groupCount())"]
            + ["folders of containers \(names(in: location.containers).count)"]
            + ["trash \(names(in: scratch / "trash").count)"] + (try Self.interfaces()) + (try Self.rules())
    }

    /// The processes of containers: of ours by their environment, of shims there are none.
    private func containerProcesses() -> [(number: Int32, words: String)] {
        names(in: "/proc").compactMap { Int32($0) }.compactMap { number in
            let environment = (try? readText("/proc/\(number)/environ")) ?? ""
            guard environment.split(separator: "\0").contains("MARK=\(scratch.path)") else { return nil }
            let words = (try? readText("/proc/\(number)/cmdline")) ?? ""
            return (number, words.split(separator: "\0").joined(separator: " "))
        }
    }

    private static func link(_ path: String) -> String? {
        var target = [CChar](repeating: 0, count: 256)
        let count = readlink(path, &target, target.count)
        return count > 0 ? String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }

    /// How many control groups there are below those of the engine, in all hierarchies.
    private func groupCount() -> Int {
        groups().reduce(0) { $0 + Self.folders(below: $1) }
    }

    private static func folders(below folder: String) -> Int {
        names(in: folder).map { "\(folder)/\($0)" }.filter(isFolder).reduce(0) { $0 + 1 + folders(below: $1) }
    }

    /// How many networks of containers there are that were made ahead: nobody has connected them with anything.
    static func slotCount() throws -> Int {
        try output(of: "ip", ["-o", "link"]).split(separator: "\n").count(where: isSlot)
    }

    private static func isSlot(_ link: Substring) -> Bool {
        link.contains(" wv-") && !link.contains(" master ") && link.contains(" state DOWN ")
    }

    /// The interfaces by kinds, but for those that are made ahead.
    private static func interfaces() throws -> [String] {
        let links = try output(of: "ip", ["-o", "link"]).split(separator: "\n").filter { !isSlot($0) }
        let kinds = links.compactMap { $0.split(separator: " ").dropFirst().first }.map { $0.prefix { $0.isLetter } }
        return Dictionary(grouping: kinds) { String($0) }.map { "interfaces \($0.key) \($0.value.count)" }.sorted()
    }

    /// The rules of the firewall, sorted, with every number left out.
    private static func rules() throws -> [String] {
        let text = try output(of: "nft", ["list", "ruleset"])
        return text.split { $0 == "\n" || $0 == "," }.map { line in
            // The comment says what program has made a table, by whatever name it runs.
            let words = line.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" || $0 == "\"" }.map { word in
                word.contains { $0.isNumber } ? "N" : String(word)
            }
            return words.joined(separator: " ")
        }.filter { !$0.isEmpty && $0 != "}" }.map { "nft \($0)" }.sorted()
    }

    private static func output(of program: String, _ arguments: [String]) throws -> String {
        let outcome = try Command("/usr/bin/env", [program] + arguments).run()
        guard outcome.end == .exit(0) else { throw SystemFailure(message: "\(program): \(outcome.errors)") }
        return outcome.output
    }
}
