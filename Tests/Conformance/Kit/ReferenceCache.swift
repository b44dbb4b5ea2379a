// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// What the reference tool did with the cases, kept between runs.
///
/// A case names everything that the tool sees, so its answer changes only with the text of the case or the tool
/// itself. That makes a second run ten times as fast. Delete the folder to begin anew.
package struct ReferenceCache: Sendable {
    /// One answer; the key is kept to be safe against equal hashes.
    private struct Record: Codable {
        var key: String
        var status: Int32
        var output: Data
        var errors: Data
        var file: Data?
    }

    private static let placeholder = Array("\u{1}folder of the case\u{1}".utf8)

    private let folder: String
    private let stamp: String

    /// Opens the cache for one version of the reference tool.
    ///
    /// Fails when the tool cannot be looked at or no folder can be made.
    ///
    /// - Parameter reference: the path of the tool.
    package init?(reference: String) {
        let manager = FileManager.default
        guard let attributes = try? manager.attributesOfItem(atPath: reference) else { return nil }
        let modified = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        stamp = "\(attributes[.size] ?? 0) \(modified)"
        folder = Tools.cacheFolder() + "/answers"
        do {
            try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            return nil
        }
    }

    /// The answer to a command, from the cache if it is there.
    ///
    /// - Parameters:
    ///   - question: the case and the command.
    ///   - base: the folder of the case, whose name differs from run to run.
    ///   - work: asks the tool.
    /// - Returns: how the tool ended and what it wrote with `-o`.
    func answer(_ question: String, base: String, _ work: () -> Answer) -> Answer {
        let key = "\(stamp)\n\(question)"
        let path = "\(folder)/\(Self.hash(key)).json"
        let base = Array(base.utf8)
        if let data = FileManager.default.contents(atPath: path),
            let record = try? JSONDecoder().decode(Record.self, from: data), record.key == key
        {
            func restore(_ data: Data) -> [UInt8] { Array(data).replacing(Self.placeholder, with: base) }
            let outcome = Outcome(
                ending: .exited(record.status),
                output: restore(record.output),
                errors: restore(record.errors)
            )
            return Answer(outcome: outcome, file: record.file.map(restore))
        }
        let answer = work()
        guard case .exited(let status) = answer.outcome.ending else { return answer }
        func strip(_ bytes: [UInt8]) -> Data { Data(bytes.replacing(base, with: Self.placeholder)) }
        let record = Record(
            key: key,
            status: status,
            output: strip(answer.outcome.output),
            errors: strip(answer.outcome.errors),
            file: answer.file.map(strip)
        )
        try? JSONEncoder().encode(record).write(to: URL(filePath: path), options: .atomic)
        return answer
    }

    /// FNV-1a in 64 bits.
    private static func hash(_ text: String) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return String(hash, radix: 16)
    }
}

/// How a tool ended, with the file that it was told to write.
struct Answer {
    var outcome: Outcome
    var file: [UInt8]?
}
