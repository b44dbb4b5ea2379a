// SPDX-License-Identifier: Apache-2.0

import Build
import OCI

/// The files that a step copies or mounts; what they hold counts for its key, and they are looked for only where it is done.
struct StepSources: Sendable {
    private let session: BuildSession
    private let contents: [CacheInputs.Content]
    private let items: [CopyStep.Item]
    private let dependencies: [StepID: StepResult]
    /// The digests of the contents, in their order.
    let digests: [Digest]
    /// Those of the contents that were listed for that, in their order.
    private let found: [CopySource?]

    /// Finds out what files hold.
    ///
    /// - Parameters:
    ///   - contents: The files.
    ///   - items: The sources of a copy, as they stand in the Dockerfile.
    ///   - dependencies: What the steps have made that they are of.
    ///   - session: The build.
    /// - Throws: What is not there, or cannot be read.
    init(
        _ contents: [CacheInputs.Content],
        _ items: [CopyStep.Item],
        _ dependencies: [StepID: StepResult],
        _ session: BuildSession
    ) throws {
        (self.session, self.contents, self.items, self.dependencies) = (session, contents, items, dependencies)
        var trees = OpenedTrees(dependencies: dependencies, session: session)
        var (digests, found): ([Digest], [CopySource?]) = ([], [])
        for content in contents {
            let (digest, source) = try Self.look(at: content, &trees)
            digests.append(digest)
            found.append(source)
        }
        (self.digests, self.found) = (digests, found)
    }

    private static func look(
        at content: CacheInputs.Content,
        _ trees: inout OpenedTrees
    ) throws -> (Digest, CopySource?) {
        let memo = trees.session.engine.contentDigests
        switch trees.dependencies[content.step] {
        case .folder(let tree)?:
            let (digest, files) = try memo.digest(of: content, in: tree)
            return (digest, files.map { CopySource(item: nil, tree: tree, files: $0) })
        case .tree(let layers)?:
            if let digest = memo.digest(of: content, in: layers) { return (digest, nil) }
            let source = try trees.source(content)
            let digest = try ContentDigest.of(source.files, in: try trees[content.step], nil)
            memo.note(digest, of: content, in: layers)
            return (digest, source)
        case nil:
            let source = try trees.source(content)
            return (try ContentDigest.of(source.files, in: try trees[content.step], nil), source)
        }
    }

    /// The files of a copy, in the order of its sources.
    ///
    /// - Returns: The files.
    /// - Throws: What is not there, or cannot be read.
    func files() throws -> [CopySource] {
        var trees = OpenedTrees(dependencies: dependencies, session: session)
        // Those that stand in the Dockerfile have no tree, and those of a stage without any step an empty one.
        var rest = zip(contents, found).makeIterator()
        return try items.map { item in
            if item.file != nil { return CopySource(item: item, tree: nil, files: []) }
            if item.step == nil {
                let tree = try BuildTree().open(in: session)
                var selector = try FileSelector(in: tree, excluding: [])
                return CopySource(item: item, tree: tree, files: try selector.select(item.path, keepsParents: false))
            }
            guard let (content, known) = rest.next() else { return CopySource(item: item, tree: nil, files: []) }
            var source = try known ?? trees.source(content)
            source.item = item
            return source
        }
    }
}

/// What steps have made, each of which is opened once.
private struct OpenedTrees {
    let dependencies: [StepID: StepResult]
    let session: BuildSession
    private var opened: [StepID: SourceTree] = [:]

    init(dependencies: [StepID: StepResult], session: BuildSession) {
        (self.dependencies, self.session) = (dependencies, session)
    }

    subscript(step: StepID) -> SourceTree {
        mutating get throws {
            if let tree = opened[step] { return tree }
            let tree =
                switch dependencies[step] {
                case .folder(let tree)?: tree
                case .tree(let layers)?: try layers.open(in: session)
                case nil: try BuildTree().open(in: session)
                }
            opened[step] = tree
            return tree
        }
    }

    /// Looks for what is named.
    mutating func source(_ content: CacheInputs.Content) throws -> CopySource {
        let tree = try self[content.step]
        var selector = try FileSelector(in: tree, excluding: content.excluded)
        let files = try selector.select(content.absolutePath, keepsParents: content.keepsParents)
        return CopySource(item: nil, tree: tree, files: files)
    }
}
