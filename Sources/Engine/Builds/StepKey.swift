// SPDX-License-Identifier: Apache-2.0

import Build
import Images
import OCI

/// What a step of a build depends on, as a key and as a text for people.
struct StepKey: Sendable {
    /// The digest of all of it.
    let digest: Digest
    /// The same in parts, so that a later build can say what differs.
    let parts: [CacheRecord.Part]

    /// With another number what was made before is not found.
    private static let version = "wharf build 1"
    /// Longer values are named by their digest.
    private static let valueLength = 256

    /// Makes the key of a step.
    ///
    /// - Parameters:
    ///   - inputs: What the step is made of.
    ///   - trees: What the steps below are known by.
    ///   - contents: The digests of the files that count by their content.
    ///   - surroundings: What of the build as a whole matters to the step.
    init(_ inputs: CacheInputs, trees: [String], contents: [Digest], _ surroundings: [CacheRecord.Part]) {
        var bytes = Array(Self.version.utf8)
        bytes += inputs.bytes(keys: trees, digests: contents.map(\.description))
        for part in surroundings {
            for text in [part.name, part.value] {
                bytes += Array("\(text.utf8.count):\(text)".utf8)
            }
        }
        digest = Digest(sha256: bytes)
        var parts = [CacheRecord.Part("instruction", inputs.kind)]
        parts += inputs.fields.map { CacheRecord.Part($0.name, Self.shown($0.value)) }
        parts += trees.map { CacheRecord.Part("files below", $0) }
        parts += zip(inputs.contents, contents).map { CacheRecord.Part("content of \($0.path)", $1.description) }
        self.parts = parts + surroundings
    }

    private static func shown(_ value: String) -> String {
        value.utf8.count > valueLength ? "\(Digest(sha256: Array(value.utf8)))" : value
    }

    /// Why a step was not found, where the same place of the same Dockerfile has made something before.
    ///
    /// - Parameter record: What was made last at that place; nil for nothing.
    /// - Returns: A sentence.
    func difference(from record: CacheRecord?) -> String {
        guard let record else { return "nothing was built at this place before" }
        if record.key == digest { return "the layer that was built before is gone" }
        let (old, new) = (Self.grouped(record.parts), Self.grouped(parts))
        var differences: [String] = []
        for name in (Set(old.keys).union(new.keys)).sorted() where old[name] != new[name] {
            let (before, now) = (old[name] ?? [], new[name] ?? [])
            let (gone, added) = (before.filter { !now.contains($0) }, now.filter { !before.contains($0) })
            differences.append(Self.text(name, gone, added))
        }
        return differences.isEmpty ? "its parts are in another order" : differences.joined(separator: "; ")
    }

    private static func grouped(_ parts: [CacheRecord.Part]) -> [String: [String]] {
        Dictionary(grouping: parts, by: \.name).mapValues { $0.map(\.value) }
    }

    private static func text(_ name: String, _ gone: [String], _ added: [String]) -> String {
        if name == "files below" { return "what is below changed" }
        if name.hasPrefix("content of ") {
            let path = name.dropFirst("content of ".count)
            return gone.isEmpty || added.isEmpty ? "other files are copied: \(path)" : "\(path) changed"
        }
        switch (gone.isEmpty, added.isEmpty) {
        case (true, true): return "\(name): another order"
        case (true, false): return "\(name) is new: \(added.joined(separator: ", "))"
        case (false, true): return "\(name) is gone: \(gone.joined(separator: ", "))"
        case (false, false):
            return "\(name) changed: \(gone.joined(separator: ", ")) → \(added.joined(separator: ", "))"
        }
    }
}
