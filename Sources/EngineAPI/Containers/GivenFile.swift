// SPDX-License-Identifier: Apache-2.0

/// A file that a container is given by its request, such as the configs and secrets of a Compose file: wharf's own.
///
/// Docker's API has nothing of the kind. The file is read-only in the container, and stands in memory on the host: its
/// content is on no disk, and no answer shows it.
package struct GivenFile: ZeroRepresentable, Sendable {
    /// Where it is in the container: an absolute path, of which missing parts are made for root.
    @Always package var target: String
    /// What it holds, in Base64; nil where it comes from a file of the host, and in answers.
    ///
    /// It lasts until the container is removed, and not beyond the uptime of the machine.
    package var content: HiddenBytes?
    /// A file of the host, by its absolute path, which is read anew at each start; empty where there is a content.
    @Omitted package var source: String
    /// Its owner.
    @Always package var uid: Int64
    @Always package var gid: Int64
    /// Its permissions; nil is 0444.
    package var mode: Int64?
    /// `secret` or `config`, for errors only; empty is `config`.
    @Omitted package var kind: String

    private enum CodingKeys: String, CodingKey {
        case target = "Target"
        case content = "Content"
        case source = "Source"
        case uid = "UID"
        case gid = "GID"
        case mode = "Mode"
        case kind = "Kind"
    }

    package init() {}

    /// Where a config or secret is put that has a name or a place of its own.
    ///
    /// - Parameters:
    ///   - target: A path, or the name of a file below `/run/secrets` for a secret and `/` for a config.
    ///   - kind: `secret` or `config`.
    /// - Returns: An absolute path in the container.
    package static func place(of target: String, kind: String) -> String {
        target.hasPrefix("/") ? target : (kind == "secret" ? "/run/secrets/" : "/") + target
    }
}

/// Bytes that nobody is to see by chance: Base64 in JSON, and no more than their number in any other text.
package struct HiddenBytes: Codable, Equatable, Sendable, CustomStringConvertible, CustomReflectable {
    package var bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let bytes = Base64.decode(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "the content is not Base64")
        }
        self.bytes = bytes
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Base64.encode(bytes))
    }

    package var description: String { "\(bytes.count) bytes" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
