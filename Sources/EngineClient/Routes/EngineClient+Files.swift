// SPDX-License-Identifier: Apache-2.0

package import EngineAPI

// The files of containers.
extension EngineClient {
    private static let statusHeader = "X-Docker-Container-Path-Stat"

    /// What stands at a path of a container.
    package func fileStatus(in name: String, at path: String) throws -> PathStat {
        let response = try send(Request(.head, "/containers/\(name)/archive", ["path": path]))
        return try Self.status(from: response.head)
    }

    /// The file or the folder at a path of a container.
    ///
    /// - Parameters:
    ///   - name: The container.
    ///   - path: The path.
    /// - Returns: A tar, and what stands at the path.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func archive(of name: String, at path: String) throws -> ArchiveAnswer {
        let response = try send(Request(.get, "/containers/\(name)/archive", ["path": path]))
        return ArchiveAnswer(status: try Self.status(from: response.head), response: response)
    }

    /// Unpacks a tar into a folder of a container.
    ///
    /// - Parameters:
    ///   - name: The container.
    ///   - path: The folder.
    ///   - keepsKinds: Whether a folder may not become a file, nor a file a folder.
    ///   - copiesOwners: Whether owners are those of the archive.
    ///   - tar: Where the tar comes from.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func extract(
        into name: String,
        at path: String,
        keepsKinds: Bool,
        copiesOwners: Bool,
        _ tar: Request.Body
    ) throws {
        let query: RequestQuery = [
            "path": path, "noOverwriteDirNonDir": keepsKinds ? "true" : nil, "copyUIDGID": copiesOwners ? "true" : nil,
        ]
        try finish(Request(.put, "/containers/\(name)/archive", query, body: tar))
    }

    /// Removes files of a container; what is not there counts as gone.
    package func removeFiles(of name: String, _ paths: [String]) throws {
        let body = try Self.json(FileRemoval(paths: paths))
        try finish(Request(.post, "/wharf/v1/containers/\(name)/remove-files", body: body))
    }

    /// The root file system of a container as a tar.
    package func exportContainer(_ name: String) throws -> Response {
        // Whoever asks for it writes it somewhere.
        if onlyAsks { throw ClientError.dryRun }
        return try send(Request(.get, "/containers/\(name)/export"))
    }

    private static func status(from head: ResponseHead) throws(ClientError) -> PathStat {
        guard let text = head[statusHeader], let json = Base64.decode(text) else {
            throw .malformed("it has no header `\(statusHeader)` in base64")
        }
        return try decode(PathStat.self, json)
    }
}

/// A file or a folder of a container.
package struct ArchiveAnswer: ~Copyable {
    package let status: PathStat
    /// The tar.
    package var response: Response
}
