// SPDX-License-Identifier: Apache-2.0

package import EngineAPI

/// The header fields of a message, in their order.
package struct HeaderFields: Equatable, Sendable {
    private var fields: [(name: String, value: String)] = []

    package init() {}

    package static func == (left: Self, right: Self) -> Bool {
        left.fields.elementsEqual(right.fields) { $0 == $1 }
    }

    /// Adds a field behind the others.
    ///
    /// - Parameters:
    ///   - name: Its name in any case.
    ///   - value: Its value.
    package mutating func add(_ name: String, _ value: String) {
        fields.append((name.lowercased(), value))
    }

    /// The values of all fields of a name, which is in lower case.
    package func all(_ name: String) -> [String] {
        fields.lazy.filter { $0.name == name }.map(\.value)
    }

    /// The first value of a name, which is in lower case.
    package subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    /// The words of a field that is a list, such as `connection`, in lower case.
    package func words(_ name: String) -> [String] {
        all(name).flatMap { $0.lowercased().split(separator: ",") }
            .map { String($0.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }) }
            .filter { !$0.isEmpty }
    }
}

/// How long a body is, as RFC 9112 section 6 finds it out.
package enum BodyLength: Equatable, Sendable {
    case fixed(Int)
    case chunked
}

/// A request without its body.
package struct RequestHead: Equatable, Sendable {
    package var method: String
    /// The path between slashes, each part without its escapes, without the version of the API.
    package var path: [String]
    package var query: Query
    /// The version at the front of the path; the current one where there is none.
    package var version: APIVersion
    /// 0 or 1: what follows `HTTP/1.`.
    package var minorVersion: Int
    package var fields: HeaderFields
    package var body: BodyLength

    /// Whether the connection may carry a further request (RFC 9112 section 9.3).
    package var keepsAlive: Bool {
        let words = fields.words("connection")
        if words.contains("close") { return false }
        return minorVersion == 1 || words.contains("keep-alive")
    }

    /// Whether the client wants the connection for a protocol of its own, as `attach` and `exec` offer it.
    package var wantsUpgrade: Bool { fields.words("connection").contains("upgrade") && fields["upgrade"] != nil }

    /// Whether the client waits for leave to send its body (RFC 9110 section 10.1.1).
    package var expectsContinue: Bool {
        minorVersion == 1 && body != .fixed(0) && fields.words("expect").contains("100-continue")
    }
}

/// A request that cannot be read; the connection ends with the answer.
package struct RequestProblem: Error, Equatable, Sendable, CustomStringConvertible {
    package var status: Int
    package var description: String

    package init(_ status: Int, _ description: String) {
        self.status = status
        self.description = description
    }

    /// A request that does not keep to the rules (400).
    package init(_ description: String) {
        self.init(400, description)
    }
}
