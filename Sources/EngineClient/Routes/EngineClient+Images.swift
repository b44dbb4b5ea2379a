// SPDX-License-Identifier: Apache-2.0

package import EngineAPI

// An image is named by its name with or without a tag, by its identifier, or by the start of it.
extension EngineClient {
    package func listImages(showsAll: Bool = false, _ filters: Filters = Filters()) throws -> [ImageSummary] {
        let query: RequestQuery = ["all": flag(showsAll), "filters": try filters.queryValue]
        return try get([ImageSummary].self, "/images/json", query)
    }

    package func inspectImage(_ name: String) throws -> ImageInspection {
        try get(ImageInspection.self, "/images/\(image: name)/json")
    }

    /// The JSON of an inspection as the engine writes it.
    package func rawImage(_ name: String) throws -> [UInt8] { try getBytes("/images/\(image: name)/json") }

    package func history(of name: String) throws -> [ImageHistoryItem] {
        try get([ImageHistoryItem].self, "/images/\(image: name)/history")
    }

    package func tagImage(_ name: String, repository: String, tag: String) throws {
        try post("/images/\(image: name)/tag", ["repo": repository, "tag": tag])
    }

    /// Removes a name of an image, and the image with its last one.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - force: Whether it is removed although containers that do not run use it.
    ///   - prunes: Whether what nothing needs any more goes as well.
    /// - Returns: What was removed.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func removeImage(_ name: String, force: Bool, prunes: Bool) throws -> [ImageDeletion] {
        try delete([ImageDeletion].self, "/images/\(image: name)", ["force": flag(force), "noprune": flag(!prunes)])
    }

    package func pruneImages(_ filters: Filters = Filters()) throws -> ImagesPruned {
        try post(ImagesPruned.self, "/images/prune", ["filters": try filters.queryValue])
    }

    /// Reads an archive of images.
    ///
    /// - Parameters:
    ///   - descriptor: Where the archive is read from.
    ///   - quiet: Whether the answer leaves progress out.
    /// - Returns: A line for each ``ProgressLine``; failures may be among them.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func loadImages(from descriptor: Int32, quiet: Bool) throws -> Response {
        let body = Request.Body.stream(descriptor: descriptor, contentType: "application/x-tar")
        return try send(Request(.post, "/images/load", ["quiet": flag(quiet)], body: body))
    }

    /// Makes an image of the tar of a root file system.
    ///
    /// - Parameters:
    ///   - descriptor: Where the tar is read from.
    ///   - repository: The name of the image; empty for none.
    ///   - tag: Its tag; empty is `latest`.
    ///   - message: What its history says.
    ///   - changes: Lines of a Dockerfile.
    ///   - platform: Its platform; nil for that of the machine.
    /// - Returns: A line for each ``ProgressLine``.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func importImage(
        from descriptor: Int32,
        repository: String,
        tag: String,
        message: String,
        changes: [String],
        platform: String? = nil
    ) throws -> Response {
        var query: RequestQuery = [
            "fromSrc": "-", "repo": repository, "tag": tag, "message": message, "platform": platform,
        ]
        for change in changes { query.append("changes", change) }
        let body = Request.Body.stream(descriptor: descriptor, contentType: "application/x-tar")
        return try send(Request(.post, "/images/create", query, body: body))
    }

    /// Makes an image of what a container has written on top of its own image.
    ///
    /// - Parameters:
    ///   - container: The container.
    ///   - repository: The name of the image; empty for none.
    ///   - tag: Its tag; empty is `latest`.
    ///   - author: Who made it.
    ///   - comment: What its history says.
    ///   - changes: Lines of a Dockerfile.
    ///   - pauses: Whether the processes of the container stand still meanwhile.
    /// - Returns: The identifier of the image.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func commitContainer(
        _ container: String,
        repository: String,
        tag: String,
        author: String,
        comment: String,
        changes: [String],
        pauses: Bool
    ) throws -> String {
        var query: RequestQuery = [
            "container": container, "repo": repository, "tag": tag, "author": author, "comment": comment,
            "pause": pauses ? "1" : "0",
        ]
        for change in changes { query.append("changes", change) }
        return try post(CommitResponse.self, "/commit", query).id
    }

    /// An archive of images.
    package func saveImages(_ names: [String]) throws -> Response {
        var query: RequestQuery = [:]
        for name in names { query.append("names", name) }
        return try send(Request(.get, "/images/get", query))
    }
}
