// SPDX-License-Identifier: Apache-2.0

/// A request to the engine.
package struct Request {
    package enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    /// What a request carries.
    package enum Body {
        case none
        case json([UInt8])
        /// All that can be read from a descriptor, which stays open for the time of the call.
        case stream(descriptor: Int32, contentType: String)
        /// What a function writes, piece by piece; what it throws ends the request.
        case generated(contentType: String, (_ write: (UnsafeRawBufferPointer) throws -> Void) throws -> Void)
    }

    package var method: Method
    package var path: RequestPath
    package var query: RequestQuery
    package var body: Body
    /// Whether the connection is to become a stream of bytes both ways.
    package var upgrades = false
    /// Whether it only asks, whatever its method is.
    var isQuestion = false
    /// Further fields of the header.
    package var fields: [(name: String, value: String)] = []

    package init(_ method: Method, _ path: RequestPath, _ query: RequestQuery = [:], body: Body = .none) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
    }

    /// Whether it can be sent once more.
    var isRepeatable: Bool {
        switch body {
        case .none, .json: true
        case .stream, .generated: false
        }
    }

    /// Whether it does not matter how often it is done.
    var changesNothing: Bool { method == .get || method == .head || isQuestion }

    /// The bytes up to the body, and the body where it is known already.
    func head(version: String) -> [UInt8] {
        var text = "\(method.rawValue) \(version)\(path.text)\(query.text) HTTP/1.1\r\n"
        text += "Host: wharf\r\nUser-Agent: wharf\r\n"
        text += upgrades ? "Connection: Upgrade\r\nUpgrade: tcp\r\n" : "Connection: close\r\n"
        for field in fields { text += "\(field.name): \(field.value)\r\n" }
        switch body {
        case .none:
            if method == .post || method == .put { text += "Content-Length: 0\r\n" }
            return Array((text + "\r\n").utf8)
        case .json(let bytes):
            text += "Content-Type: application/json\r\nContent-Length: \(bytes.count)\r\n\r\n"
            return Array(text.utf8) + bytes
        case .stream(_, let contentType), .generated(let contentType, _):
            text += "Content-Type: \(contentType)\r\nTransfer-Encoding: chunked\r\n\r\n"
            return Array(text.utf8)
        }
    }
}
