// SPDX-License-Identifier: Apache-2.0

import Build
import Linux
import OCI
import Patterns
import Synchronization

/// Remembers the digests of what instructions name, so that nothing is listed, read and hashed again that nobody has changed.
///
/// Files of contexts are looked at each time: what stat(2) tells of all folders and files must be the same as before. What
/// lies in layers never changes.
final class ContentMemo: Sendable {
    /// What an instruction names, and where.
    private struct Selection: Hashable {
        enum Place: Hashable {
            case folder(device: UInt64, inode: UInt64, ignored: PathPatterns?)
            case layers(String)
        }

        var place: Place
        var path: String
        var keepsParents: Bool
        var excluded: [String]

        init(_ content: CacheInputs.Content, in place: Place) {
            self.place = place
            (path, keepsParents, excluded) = (content.absolutePath, content.keepsParents, content.excluded)
        }
    }

    private struct Entry {
        var places: [SelectedPlace]
        var folders: [FolderStamp]
        var digest: Digest
    }

    private struct Contents {
        var entries: [Selection: Entry] = [:]
        /// How many files and folders they are about.
        var count = 0
        var stages: [Selection: Digest] = [:]
    }

    private let contents = Mutex(Contents())
    private let files = FileMemo<FileContent>(limit: limit)
    private let stageLimit = 10_000

    /// How many files are remembered; with one more all are forgotten.
    private static let limit = 200_000

    // MARK: Contexts

    /// The digest of what is named in a context, and the files where they had to be listed.
    ///
    /// - Parameters:
    ///   - content: What is named.
    ///   - tree: The context.
    ///   - start: The time.
    /// - Returns: The digest; the files are nil where it was remembered.
    /// - Throws: What is not there, or cannot be read.
    func digest(
        of content: CacheInputs.Content,
        in tree: SourceTree,
        at start: FileTime = .now
    ) throws -> (digest: Digest, files: [SelectedFile]?) {
        let root = try tree.root.descriptor.status()
        let place = Selection.Place.folder(device: root.device, inode: root.inode, ignored: tree.ignored)
        let selection = Selection(content, in: place)
        var selector = try FileSelector(in: tree, excluding: content.excluded)
        let places = try selector.places(of: selection.path, keepsParents: selection.keepsParents)
        let known = contents.withLock { $0.entries[selection] }
        if let known, known.places == places, known.folders.areUnchanged(below: tree.root) {
            return (known.digest, nil)
        }
        let found = try selector.files(at: places, of: selection.path, keepsParents: selection.keepsParents)
        let digest = try ContentDigest.of(found, in: tree, files)
        if let folders = selector.seen, folders.allSatisfy({ $0.isSettled(at: start) }) {
            note(Entry(places: places, folders: folders, digest: digest), of: selection)
        }
        return (digest, found)
    }

    private func note(_ entry: Entry, of selection: Selection) {
        let count = entry.folders.fileCount
        if count > Self.limit { return }
        contents.withLock { contents in
            if let old = contents.entries.removeValue(forKey: selection) {
                contents.count -= old.folders.fileCount
            }
            if contents.count + count > Self.limit { (contents.entries, contents.count) = ([:], 0) }
            contents.entries[selection] = entry
            contents.count += count
        }
    }

    // MARK: Stages

    /// The digest of what is named in layers, where it is known.
    func digest(of content: CacheInputs.Content, in layers: BuildTree) -> Digest? {
        contents.withLock { $0.stages[Selection(content, in: .layers(layers.identity))] }
    }

    /// Notes the digest of what is named in layers.
    func note(_ digest: Digest, of content: CacheInputs.Content, in layers: BuildTree) {
        contents.withLock { contents in
            if contents.stages.count >= stageLimit { contents.stages = [:] }
            contents.stages[Selection(content, in: .layers(layers.identity))] = digest
        }
    }
}

extension CacheInputs.Content {
    /// The path with a slash before it.
    var absolutePath: String { path.hasPrefix("/") ? path : "/" + path }
}
