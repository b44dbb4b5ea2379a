// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
package import Linux

extension Engine {
    /// The images; the filters are those of `GET /images/json`.
    package func listImages(showsAll: Bool, _ filters: Filters) async throws -> [ImageSummary] {
        throw EngineError(.notImplemented, "")
    }

    package func inspectImage(_ name: String) async throws -> ImageInspection {
        throw EngineError(.notImplemented, "")
    }

    package func imageHistory(of name: String) async throws -> [ImageHistoryItem] {
        throw EngineError(.notImplemented, "")
    }

    /// Gives an image one more name.
    package func tagImage(_ name: String, repository: String, tag: String) async throws {
        throw EngineError(.notImplemented, "")
    }

    /// Removes a name of an image, and the image with its last one.
    ///
    /// - Throws: `conflict` where a container uses the image.
    package func removeImage(_ name: String, force: Bool, prunes: Bool) async throws -> [ImageDeletion] {
        throw EngineError(.notImplemented, "")
    }

    /// Removes images without a name, or all that no container uses where the filter `dangling` is false.
    package func pruneImages(_ filters: Filters) async throws -> ImagesPruned {
        throw EngineError(.notImplemented, "")
    }

    /// Reads an archive of images.
    ///
    /// - Parameters:
    ///   - archive: The archive, to the end of the pipe or file.
    ///   - progress: Gets each line of the answer.
    package func loadImages(
        from archive: consuming Descriptor,
        progress: @escaping @Sendable (ProgressLine) async -> Void
    ) async throws {
        throw EngineError(.notImplemented, "")
    }

    /// Makes an image of a root file system.
    ///
    /// - Parameters:
    ///   - tar: The root file system, to the end of the pipe or file.
    ///   - repository: The name of the image; empty for none.
    ///   - tag: Its tag; empty is `latest`.
    ///   - message: What its history says.
    ///   - changes: Lines of a Dockerfile, such as `CMD ["sh"]`.
    /// - Returns: The identifier of the image.
    package func importImage(
        from tar: consuming Descriptor,
        repository: String,
        tag: String,
        message: String,
        changes: [String]
    ) async throws -> String {
        throw EngineError(.notImplemented, "")
    }

    /// Writes images into an archive that ``loadImages(from:progress:)`` and other engines read.
    package func saveImages(_ names: [String]) async throws -> ByteStream {
        throw EngineError(.notImplemented, "")
    }
}
