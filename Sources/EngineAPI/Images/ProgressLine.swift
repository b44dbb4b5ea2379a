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
