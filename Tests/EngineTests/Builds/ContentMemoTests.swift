// SPDX-License-Identifier: Apache-2.0

import Glibc
import ImagesSupport
import Linux
import OCI
import Patterns
import TestSupport
import Testing

@testable import Build
@testable import Engine

@Suite struct `What is remembered of contexts` {
    /// A folder of files, and what an instruction names in it.
    private final class Context {
        let scratch: Scratch
        let memo = ContentMemo()
        private let tree: SourceTree

        init() throws {
            scratch = try Scratch()
            for path in ["a", "folder/b", "folder/below/c", "folder/ignored.tmp", "other/d"] {
                try scratch.write("context/\(path)", path)
            }
            try scratch.link("context/folder/link", to: "b")
            try scratch.link("context/way", to: "folder")
            tree = SourceTree(
                root: SharedDescriptor(try Descriptor.open(scratch / "context", O_RDONLY | O_DIRECTORY)),
                name: "the context",
                ignored: try PathPatterns(["**/*.tmp"]),
                keepsOwners: false
            )
        }

        func change(_ script: String) throws {
            try shell(script, in: scratch / "context")
        }

        /// The digest, a while after the last change of a file.
        func look(
            at path: String,
            _ memo: ContentMemo,
            keepsParents: Bool = false
        ) throws -> (Digest, isKnown: Bool) {
            let content = CacheInputs.Content(step: StepID(0), path: path, keepsParents: keepsParents)
            var time = FileTime.now
            time.seconds += 10
            let (digest, files) = try memo.digest(of: content, in: tree, at: time)
            return (digest, files == nil)
        }
    }

    /// Changes that count for `/folder`.
    private static let changes = [
        "printf B > folder/b", "chmod 600 folder/b", "mv folder/below folder/e", "touch folder/new",
        "rm folder/below/c",
        "ln -sf below folder/link", "printf x >> folder/below/c", "rm folder/b; mkdir folder/b",
        "chmod 711 folder/below", "setfattr -n user.x -v y folder/below/c", "rm -r folder/below", "mkdir folder/empty",
    ]

    @Test(arguments: changes)
    func `is looked up until something changes`(change: String) throws {
        let context = try Context()
        let (first, _) = try context.look(at: "/folder", context.memo)
        for path in ["/folder", "/way", "/folder/*"] {
            _ = try context.look(at: path, context.memo)
            #expect(try context.look(at: path, context.memo).isKnown)
        }
        try context.change(change)
        let changed = try context.look(at: "/folder", context.memo)
        #expect(changed.0 != first && !changed.isKnown)
        for path in ["/folder", "/way", "/folder/*"] {
            let fresh = try context.look(at: path, ContentMemo())
            #expect(try context.look(at: path, context.memo).0 == fresh.0)
            #expect(try context.look(at: path, context.memo).isKnown)
        }
    }

    @Test(arguments: ["printf x > other/d", "printf x > folder/ignored.tmp", "touch new"])
    func `stays where others change`(change: String) throws {
        let context = try Context()
        let (first, _) = try context.look(at: "/folder", context.memo)
        try context.change(change)
        let (second, isKnown) = try context.look(at: "/folder", context.memo)
        #expect(second == first && isKnown)
    }

    @Test func `is looked up by several threads where there is much of it`() throws {
        let context = try Context()
        for number in 0..<1000 { try context.scratch.write("context/folder/\(number / 50)/\(number)", "x") }
        let (first, _) = try context.look(at: "/folder", context.memo)
        #expect(try context.look(at: "/folder", context.memo) == (first, isKnown: true))
        for path in ["0/3", "7/371", "19/999"] {
            try context.change("printf y > folder/\(path)")
            #expect(try !context.look(at: "/folder", context.memo).isKnown)
            #expect(try context.look(at: "/folder", context.memo).isKnown)
        }
    }

    @Test func `is of one selection`() throws {
        let context = try Context()
        let (single, _) = try context.look(at: "/folder/b", context.memo)
        #expect(try context.look(at: "/folder/b", context.memo).isKnown)
        let (parents, isKnown) = try context.look(at: "/folder/b", context.memo, keepsParents: true)
        #expect(parents != single && !isKnown)
        try context.change("chmod 711 folder")
        #expect(try context.look(at: "/folder/b", context.memo).isKnown)
        #expect(try context.look(at: "/folder/b", context.memo, keepsParents: true).0 != parents)
        try context.change("ln -sfn other way; cp a other/b")
        #expect(try context.look(at: "/way/b", context.memo).0 == context.look(at: "/other/b", ContentMemo()).0)
    }

    @Test func `begins when files have settled`() throws {
        let context = try Context()
        let tree = SourceTree(
            root: SharedDescriptor(try Descriptor.open(context.scratch / "context", O_RDONLY | O_DIRECTORY)),
            name: "the context",
            keepsOwners: false
        )
        let content = CacheInputs.Content(step: StepID(0), path: "/folder")
        for _ in 0..<2 { #expect(try context.memo.digest(of: content, in: tree).files != nil) }
    }

    @Test func `is of a stage for good`() async throws {
        let (memo, digest) = (ContentMemo(), Digest(sha256: []))
        var content = CacheInputs.Content(step: StepID(0), path: "file")
        memo.note(digest, of: content, in: BuildTree())
        #expect(memo.digest(of: content, in: BuildTree()) == digest)
        content.excluded = ["x"]
        #expect(memo.digest(of: content, in: BuildTree()) == nil)
    }
}
