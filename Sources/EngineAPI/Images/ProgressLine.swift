// SPDX-License-Identifier: Apache-2.0

/// One line of the progress of a load, an import, a pull, a push or a build.
package struct ProgressLine: ZeroRepresentable, Sendable {
    /// Text for people, with its line breaks.
    package var stream: String?
    package var status: String?
    package var progressDetail: Detail?
    /// What old clients show for the detail.
    package var progress: String?
    /// The layer or tag that it is about.
    package var id: String?
    package var errorDetail: Failure?
    /// What old clients read for the error.
    package var error: String?
    /// What was pushed or built, for programs.
    package var aux: Outcome?

    package init() {}

    /// A line of text.
    package static func text(_ text: String) -> Self {
        var line = Self()
        line.stream = text
        return line
    }

    /// The last line of a load.
    ///
    /// - Parameter reference: The name of the image with its tag.
    /// - Returns: The line.
    package static func loaded(_ reference: String) -> Self { .text("Loaded image: \(reference)\n") }

    /// The last line of a load of an image that has no name.
    ///
    /// - Parameter id: `sha256:…`.
    /// - Returns: The line.
    package static func loaded(id: String) -> Self { .text("Loaded image ID: \(id)\n") }

    /// The last line of an import.
    ///
    /// - Parameter id: `sha256:…`.
    /// - Returns: The line.
    package static func imported(id: String) -> Self {
        var line = Self()
        line.status = id
        return line
    }

    /// What is done.
    ///
    /// - Parameters:
    ///   - status: In words.
    ///   - id: What it is about; nil for the whole.
    /// - Returns: The line.
    package static func status(_ status: String, id: String? = nil) -> Self {
        var line = Self()
        (line.status, line.id) = (status, id)
        return line
    }

    /// How far a layer is.
    ///
    /// - Parameters:
    ///   - id: The start of its digest.
    ///   - status: In words.
    ///   - current: How many bytes are done.
    ///   - total: How many bytes there are.
    /// - Returns: The line.
    package static func layer(_ id: String, _ status: String, current: Int64? = nil, total: Int64? = nil) -> Self {
        var line = Self.status(status, id: id)
        var detail = Detail()
        (detail.current, detail.total) = (current, total)
        line.progressDetail = detail
        if let current, let total, total > 0 { line.progress = bar(current, total) }
        return line
    }

    /// A bar of fifty places with the numbers of bytes.
    private static func bar(_ current: Int64, _ total: Int64) -> String {
        let done = Int(min(50, max(0, current.multipliedReportingOverflow(by: 50).partialValue / total)))
        let bar = String(repeating: "=", count: done) + ">" + String(repeating: " ", count: 50 - done)
        return "[\(bar)]  \(size(current))/\(size(total))"
    }

    /// Bytes with one digit behind the point.
    private static func size(_ bytes: Int64) -> String {
        let units: [(Int64, String)] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")]
        guard let (unit, name) = units.first(where: { bytes >= $0.0 }) else { return "\(bytes)B" }
        return "\(bytes / unit).\(bytes % unit * 10 / unit)\(name)"
    }

    /// What programs read of a build.
    ///
    /// - Parameter id: `sha256:…`.
    /// - Returns: The line.
    package static func built(id: String) -> Self {
        var line = Self()
        line.aux = Outcome(id: id)
        return line
    }

    /// A failure after the response has begun.
    package static func failure(_ message: String) -> Self {
        var line = Self()
        line.errorDetail = Failure(message: message)
        line.error = message
        return line
    }

    /// How far it is.
    package struct Detail: ZeroRepresentable, Sendable {
        package var current: Int64?
        package var total: Int64?

        package init() {}
    }

    /// What a push or a build comes to.
    package struct Outcome: Codable, Equatable, Sendable {
        /// The tag that was pushed.
        package var tag: String?
        /// What it stands for now.
        package var digest: String?
        /// Bytes of the manifest.
        package var size: Int64?
        /// The image that was built: `sha256:…`.
        package var id: String?

        private enum CodingKeys: String, CodingKey {
            case tag = "Tag"
            case digest = "Digest"
            case size = "Size"
            case id = "ID"
        }

        /// What a tag stands for after a push.
        package init(tag: String, digest: String, size: Int64) {
            (self.tag, self.digest, self.size) = (tag, digest, size)
        }

        /// An image that was built.
        package init(id: String) {
            self.id = id
        }
    }

    /// What failed.
    package struct Failure: Codable, Equatable, Sendable {
        package var code: Int?
        package var message: String

        package init(code: Int? = nil, message: String) {
            self.code = code
            self.message = message
        }
    }
}
