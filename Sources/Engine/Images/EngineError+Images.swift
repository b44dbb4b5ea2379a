// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Images
import Linux
import OCI

extension EngineError {
    /// What a failure of the image store means to a client.
    ///
    /// - Parameters:
    ///   - error: The failure.
    ///   - name: The image as the client calls it; nil where it is about no image in the store.
    init(_ error: ImageError, about name: String? = nil) {
        switch error.code {
        case .notFound:
            if let name {
                self = .noSuchImage((try? ImageReference(name))?.familiar ?? name)
            } else {
                self.init(.notFound, "\(error)")
            }
        case .ambiguous: self.init(.badParameter, "\(error)")
        case .conflict: self.init(.conflict, "\(error)")
        case .invalidReference: self.init(.badParameter, "invalid reference format: \(error)")
        case .invalidArchive, .invalidDocument, .digestMismatch, .limitExceeded, .unsupported:
            self.init(.badParameter, "\(error)")
        case .system: self.init(.failed, "\(error)")
        }
    }
}

extension Engine {
    /// Runs a function with the image store on a thread of its own.
    ///
    /// - Parameters:
    ///   - name: The image as the client calls it, for errors.
    ///   - body: The function.
    /// - Returns: What it returned.
    /// - Throws: What it threw, an ``ImageError`` as what it means to the client.
    func withImages<Value: Sendable>(
        about name: String? = nil,
        _ body: @escaping @Sendable (ImageStore) throws -> Value
    ) async throws -> Value {
        let images = images
        do {
            return try await BlockingCall.run { try body(images) }
        } catch let error as ImageError {
            throw EngineError(error, about: name)
        }
    }
}
