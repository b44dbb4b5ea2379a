// SPDX-License-Identifier: Apache-2.0

import JSONTree
import OCI

/// JSON documents of images.
enum Documents {
    /// Reads a document.
    ///
    /// - Parameters:
    ///   - type: What it is.
    ///   - bytes: Its text.
    ///   - name: What to call it in an error.
    /// - Returns: The document.
    /// - Throws: ``ImageError/Code/invalidDocument`` with the field that is wrong.
    static func decode<Value: Decodable>(
        _ type: Value.Type,
        _ bytes: [UInt8],
        _ name: String
    ) throws(ImageError) -> Value {
        do {
            return try JSON.decode(type, from: bytes, .documents)
        } catch {
            throw ImageError(.invalidDocument, "\(name): \(reason(error))")
        }
    }

    /// The text of a document, the same for the same values.
    static func encode(_ value: some Encodable) throws(ImageError) -> [UInt8] {
        do {
            return try JSON.encode(value, sortsKeys: true)
        } catch {
            throw ImageError(.invalidDocument, "cannot write a document: \(reason(error))")
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error as? DecodingError {
        case .keyNotFound(let key, let context)?: "field \(path(context.codingPath + [key])) is missing"
        case .typeMismatch(_, let context)?, .valueNotFound(_, let context)?, .dataCorrupted(let context)?:
            context.codingPath.isEmpty
                ? context.debugDescription : "field \(path(context.codingPath)): \(context.debugDescription)"
        default: "\(error)"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
    }
}
