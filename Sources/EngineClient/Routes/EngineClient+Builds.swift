// SPDX-License-Identifier: Apache-2.0

package import EngineAPI

// Builds: wharf's own route.
extension EngineClient {
    /// Builds an image from a folder of the engine's host.
    ///
    /// - Parameter request: What is asked for.
    /// - Returns: The answer; its lines are read with ``Response/nextValue(_:)`` as ``EngineAPI/BuildEvent``.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func build(_ request: ImageBuildRequest) throws -> Response {
        try send(Request(.post, "/wharf/v1/build", body: try Self.json(request)))
    }

    /// Builds an image from an archive.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - descriptor: Where the archive is read from.
    /// - Returns: As ``build(_:)``.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func build(_ request: ImageBuildRequest, context descriptor: Int32) throws -> Response {
        var query: RequestQuery = [:]
        if case .json(let bytes) = try Self.json(request) {
            query.append("request", String(decoding: bytes, as: UTF8.self))
        }
        let body = Request.Body.stream(descriptor: descriptor, contentType: "application/x-tar")
        return try send(Request(.post, "/wharf/v1/build", query, body: body))
    }

    /// Forgets what builds have made, as far as no image needs it.
    ///
    /// - Parameters:
    ///   - includesAll: Whether what was used lately goes as well, and what programs keep between builds.
    ///   - filters: `until`.
    /// - Returns: What is gone.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func pruneBuilds(includesAll: Bool, _ filters: Filters = Filters()) throws -> BuildsPruned {
        let query: RequestQuery = ["all": flag(includesAll), "filters": try filters.queryValue]
        return try post(BuildsPruned.self, "/build/prune", query)
    }
}

extension EngineClient {
    /// The root file system of an image as an archive.
    package func exportImage(_ name: String) throws -> Response {
        try send(Request(.get, "/wharf/v1/images/\(image: name)/files"))
    }
}
