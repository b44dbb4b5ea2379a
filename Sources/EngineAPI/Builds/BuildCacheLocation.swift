// SPDX-License-Identifier: Apache-2.0

/// A place outside of the engine where builds find what others have made, or leave it for others.
package struct BuildCacheLocation: Codable, Equatable, Sendable {
    /// What kind of place it is.
    package enum Kind: String, Codable, CaseIterable, Sendable {
        /// The image that is built itself.
        case inline
        /// A folder of the engine's host.
        case local
        /// A repository.
        case registry
    }

    /// Why a text is no place.
    package struct Problem: Error, CustomStringConvertible {
        package var description: String
    }

    package var kind: Kind
    /// The folder, or the name of an image; empty for the image that is built.
    package var place: String
    /// What it is called within a folder.
    package var tag: String
    /// Whether steps count as well that the image has no files of.
    package var includesAll: Bool
    /// Whether a failure is a warning.
    package var ignoresErrors: Bool

    /// What says nothing here: all is in the form of the OCI, and not compressed.
    private static let unneeded: Set = [
        "compression", "compression-level", "force-compression", "image-manifest", "oci-artifact", "oci-mediatypes",
    ]

    /// Reads `type=registry,ref=NAME`, `type=local,src=FOLDER` or `dest=FOLDER`, `type=inline`, or the name of an image.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - isSource: Whether it is where a build finds something.
    /// - Throws: ``Problem``.
    package init(_ text: String, isSource: Bool) throws(Problem) {
        var fields: [String: String] = [:]
        if text.contains("=") {
            for field in text.split(separator: ",") {
                let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                fields[parts[0].lowercased()] = parts.count == 2 ? String(parts[1]) : ""
            }
        } else {
            fields = ["type": "registry", "ref": text]
        }
        let type = fields.removeValue(forKey: "type") ?? "registry"
        guard let kind = Kind(rawValue: type), kind != .inline || !isSource else {
            let known = Kind.allCases.map(\.rawValue).filter { !isSource || $0 != "inline" }.joined(separator: ", ")
            throw Problem(description: "caches of the type `\(type.prefix(64))` are not there: there are \(known)")
        }
        self.kind = kind
        tag = fields.removeValue(forKey: "tag") ?? "latest"
        let mode = fields.removeValue(forKey: "mode") ?? "min"
        guard ["min", "max"].contains(mode) else {
            throw Problem(description: "`mode=\(mode.prefix(64))` is neither min nor max")
        }
        includesAll = mode == "max"
        ignoresErrors = fields.removeValue(forKey: "ignore-error") == "true"
        let key = kind == .registry ? "ref" : isSource ? "src" : "dest"
        place = fields.removeValue(forKey: key) ?? ""
        if place.isEmpty, kind != .inline {
            throw Problem(description: "`type=\(type)` needs `\(key)=`: the place")
        }
        if let unknown = fields.keys.sorted().first(where: { !Self.unneeded.contains($0) }) {
            throw Problem(description: "`\(unknown.prefix(64))` says nothing about a cache of the type \(type)")
        }
    }
}
