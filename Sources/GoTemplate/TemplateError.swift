// SPDX-License-Identifier: Apache-2.0

/// Why a template cannot be read or filled in, in the words of Go's text/template.
package struct TemplateError: Error, Equatable, Sendable, CustomStringConvertible {
    package var message: String

    package var description: String { message }

    init(_ message: String) {
        self.message = message
    }
}
