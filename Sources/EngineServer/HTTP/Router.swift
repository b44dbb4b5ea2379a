// SPDX-License-Identifier: Apache-2.0

import EngineAPI

/// One operation of the API: which requests it is for, and what it does.
package struct Route: Sendable {
    /// Answers a request.
    package typealias Handler = @Sendable (Request, ResponseWriter) async throws -> Void

    /// A part of the path of a route.
    private enum Part: Sendable {
        case word(String)
        /// Any one part.
        case one(String)
        /// One part or more, such as the name of an image.
        case many(String)
    }

    let method: String
    private let parts: [Part]
    /// Whether the operation is of no use without the client and ends with it; a change that has begun goes on to its end.
    let endsWithClient: Bool
    let handler: Handler

    /// Describes an operation.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - path: The path without the version, with `{name}` for any part and `{name*}` for one part or more.
    ///   - endsWithClient: Whether it ends where the client goes away.
    ///   - handler: Answers a request.
    package init(
        _ method: String,
        _ path: String,
        endsWithClient: Bool = false,
        _ handler: @escaping Handler
    ) {
        self.method = method
        self.endsWithClient = endsWithClient
        self.handler = handler
        parts = path.split(separator: "/").map { part in
            guard part.hasPrefix("{") else { return .word(String(part)) }
            let name = part.dropFirst().prefix { $0 != "*" && $0 != "}" }
            return part.hasSuffix("*}") ? .many(String(name)) : .one(String(name))
        }
    }

    /// What the open parts of the path are; nil where the path is not of this route.
    func match(_ path: [String]) -> [String: String]? {
        var found: [String: String] = [:]
        var rest = path[...]
        for (index, part) in parts.enumerated() {
            let count =
                if case .many = part { rest.count - (parts.count - index - 1) } else { min(1, rest.count) }
            guard count > 0 else { return nil }
            let text = rest.prefix(count).joined(separator: "/")
            switch part {
            case .word(let word): if text != word { return nil }
            case .one(let name), .many(let name):
                if text.isEmpty { return nil }
                found[name] = text
            }
            rest = rest.dropFirst(count)
        }
        return rest.isEmpty ? found : nil
    }
}

/// The operations, the first that fits of which answers.
package struct Router: Sendable {
    private let routes: [Route]

    package init(_ routes: [Route]) {
        self.routes = routes
    }

    /// The operation of a request.
    ///
    /// - Parameter head: The request.
    /// - Returns: The route, and the open parts of the path by name.
    /// - Throws: `notFound`, also where only the method is wrong, as Docker's engine answers; or `badParameter` for a version
    ///   that is not spoken.
    func route(for head: RequestHead) throws(EngineError) -> (route: Route, parameters: [String: String]) {
        try head.version.checkSupported()
        for route in routes where route.method == head.method {
            if let parameters = route.match(head.path) { return (route, parameters) }
        }
        throw .unknownRoute
    }
}
