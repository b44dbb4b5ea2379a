// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import ImagesSupport
import Linux
import OCI
import Synchronization
import TestSupport
import Testing

@testable import Engine

/// An engine with an image store of its own.
final class ImageEngine: Sendable {
    let scratch: Scratch
    let engine: Engine

    init() throws {
        scratch = try Scratch()
        let location = EngineLocation(data: scratch / "images", runtime: scratch / "run")
        engine = try Engine(at: location, keeping: .embedded)
    }

    func open(_ path: String) throws -> Descriptor { try Descriptor.open(path, O_RDONLY) }

    /// Imports a root file system with one file.
    @discardableResult
    func `import`(
        _ repository: String,
        _ tag: String = "",
        _ changes: [String] = [],
        content: String = "x"
    ) async throws -> String {
        let path = try scratch.write("root.tar", bytes: Archive { try $0.file("file", content) }.bytes())
        return try await engine.importImage(
            from: open(path),
            repository: repository,
            tag: tag,
            message: "",
            changes: changes
        )
    }

    func load(_ path: String) async throws -> [String] {
        let lines = Mutex<[String]>([])
        try await engine.loadImages(from: open(path)) { line in lines.withLock { $0.append(line.stream ?? "") } }
        return lines.withLock(\.self)
    }

    func save(_ names: [String], to path: String) async throws {
        var bytes: [UInt8] = []
        for try await piece in try await engine.saveImages(names) { bytes += piece }
        try writeFile(path, bytes)
    }

    func tags(_ filters: [String: Set<String>] = [:]) async throws -> [[String]] {
        try await engine.listImages(showsAll: false, Filters(filters)).map { $0.repoTags ?? ["none"] }.sorted {
            $0.description < $1.description
        }
    }
}

@Suite struct `Images of the engine` {
    @Test func `are told as Docker tells them`() async throws {
        let test = try ImageEngine()
        let id = try await test.import("box", "1", ["CMD [\"sh\"]", "ENV A=1", "LABEL l=v"])
        let image = try #require(try await test.engine.listImages(showsAll: false, Filters()).first)
        #expect(image.id == id && image.repoTags == ["box:1"] && image.labels == ["l": "v"])
        #expect(image.created > 1_700_000_000 && image.size > 1024 && image.containers == -1)
        #expect(image.repoDigests?.first?.hasPrefix("box@sha256:") == true)
        let inspection = try await test.engine.inspectImage("box:1")
        #expect(inspection.id == id && inspection.config?.cmd == ["sh"] && inspection.config?.env == ["A=1"])
        #expect(
            inspection.os == "linux" && inspection.rootFS.layers?.count == 1
                && inspection.graphDriver.name == "overlay2"
        )
        #expect(Timestamp(inspection.created) != nil && inspection.comment == "Imported from -")
        let short = String(id.dropFirst(7).prefix(12))
        #expect(try await test.engine.inspectImage(short) == inspection)
        let history = try await test.engine.imageHistory(of: "box:1")
        #expect(history.map(\.id) == [id] && history[0].tags == ["box:1"] && history[0].comment == "Imported from -")
    }

    @Test func `that are not there are an error in the words of Docker`() async throws {
        let test = try ImageEngine()
        let engine = test.engine
        await #expect(throws: EngineError(.notFound, "No such image: none:latest")) {
            try await engine.inspectImage("none")
        }
        await #expect(throws: EngineError(.notFound, "No such image: none:latest")) {
            try await engine.imageHistory(of: "none")
        }
        await #expect(throws: EngineError(.notFound, "No such image: a/b:1")) {
            try await engine.removeImage("a/b:1", force: true, prunes: true)
        }
        await #expect(throws: EngineError(.notFound, "No such image: none:latest")) {
            try await engine.saveImages(["none"])
        }
        await #expect(throws: EngineError(.notFound, "No such image: none:latest")) {
            try await engine.tagImage("none", repository: "x", tag: "")
        }
    }

    @Test(
        arguments: [
            (["reference": ["b*"]], [["box:1"]]), (["reference": ["box:2"]], []),
            (["reference": ["*/*"]], [["x/y:latest"]]),
            (["reference": ["host:5000/*/*:2", "box"]], [["box:1"], ["host:5000/a/c:2"]]),
            (["dangling": ["true"]], [[]]),
            (["dangling": ["false"], "label": ["l"]], [["box:1"]]), (["label": ["l=v"]], [["box:1"]]),
            (["label": ["l=w"]], []),
            (["until": ["24h"]], []), (["until": ["2999-01-01T00:00:00Z"], "reference": ["box"]], [["box:1"]]),
            (["before": ["box:1"]], []), (["since": ["x/y"]], [[]]),
        ] as [([String: Set<String>], [[String]])]
    )
    func `are filtered`(filters: [String: Set<String>], expected: [[String]]) async throws {
        let test = try ImageEngine()
        try await test.import("box", "1", ["LABEL l=v"])
        try await test.import("host:5000/a/c", "2", content: "c")
        try await test.import("x/y", content: "y")
        try await test.import("", content: "nameless")
        #expect(try await test.tags(filters) == expected)
    }

    @Test(
        arguments: [["nonsense": ["1"]], ["dangling": ["perhaps"]], ["until": ["yesterday"]], ["reference": [""]]]
            as [[String: Set<String>]]
    )
    func `are not listed by unknown filters`(filters: [String: Set<String>]) async throws {
        let test = try ImageEngine()
        let error = await #expect(throws: EngineError.self) { try await test.tags(filters) }
        #expect(error?.code == .badParameter)
    }

    @Test func `get more names`() async throws {
        let test = try ImageEngine()
        try await test.import("box", "1")
        try await test.engine.tagImage("box:1", repository: "other/name", tag: "")
        #expect(try await test.tags() == [["box:1", "other/name:latest"]])
        for (repository, tag) in [("Upper", ""), ("x", "bad tag"), ("", "1")] {
            let error = await #expect(throws: EngineError.self) {
                try await test.engine.tagImage("box:1", repository: repository, tag: tag)
            }
            #expect(error?.code == .badParameter && error?.message.hasPrefix("invalid reference format") == true)
        }
        let digest = "x@sha256:" + String(repeating: "a", count: 64)
        await #expect(throws: EngineError(.badParameter, "refusing to create a tag with a digest reference")) {
            try await test.engine.tagImage("box:1", repository: digest, tag: "")
        }
    }

    @Test func `lose names and go with the last`() async throws {
        let test = try ImageEngine()
        let id = try await test.import("box", "1")
        try await test.engine.tagImage("box:1", repository: "box", tag: "2")
        await #expect(
            throws: EngineError(
                .conflict,
                "conflict: unable to delete \(id.dropFirst(7).prefix(12)) (must be forced) - "
                    + "image is referenced in multiple repositories"
            )
        ) { try await test.engine.removeImage(id, force: false, prunes: true) }
        let first = try await test.engine.removeImage("box:1", force: false, prunes: true)
        #expect(first.map(\.untagged) == ["box:1"])
        let last = try await test.engine.removeImage("box:2", force: false, prunes: true)
        #expect(last.compactMap(\.untagged) == ["box:2"] && last.compactMap(\.deleted).first == id)
        #expect(try await test.tags() == [])
        #expect(names(in: test.scratch / "images/blobs/sha256").isEmpty)
    }

    @Test func `go with all names by force`() async throws {
        let test = try ImageEngine()
        let id = try await test.import("box", "1")
        try await test.engine.tagImage("box:1", repository: "other", tag: "2")
        let gone = try await test.engine.removeImage(String(id.dropFirst(7).prefix(6)), force: true, prunes: true)
        #expect(gone.compactMap(\.untagged).sorted() == ["box:1", "other:2"] && gone.compactMap(\.deleted).first == id)
    }

    @Test func `without a name are pruned, or all`() async throws {
        let test = try ImageEngine()
        let nameless = try await test.import("", content: "nameless")
        try await test.import("box", "1", ["LABEL keep=1"])
        try await test.import("box", "2", content: "2")
        let first = try await test.engine.pruneImages(Filters())
        #expect(first.imagesDeleted?.first?.deleted == nameless && first.spaceReclaimed > 1000)
        #expect(try await test.engine.pruneImages(Filters()).imagesDeleted == nil)
        let until = Filters(["dangling": ["false"], "until": ["1h"]])
        #expect(try await test.engine.pruneImages(until).imagesDeleted == nil)
        let second = try await test.engine.pruneImages(Filters(["dangling": ["false"], "label!": ["keep"]]))
        #expect(second.imagesDeleted?.compactMap(\.untagged) == ["box:2"])
        #expect(try await test.tags() == [["box:1"]])
        let error = await #expect(throws: EngineError.self) { try await test.engine.pruneImages(Filters(["x": ["1"]])) }
        #expect(error == EngineError(.badParameter, "Invalid filter 'x'"))
    }

    @Test func `are saved and loaded with their names`() async throws {
        let test = try ImageEngine()
        let id = try await test.import("box", "1")
        try await test.engine.tagImage("box:1", repository: "box", tag: "2")
        try await test.import("other", "1", content: "other")
        let path = test.scratch / "saved.tar"
        try await test.save(["box", "other:1"], to: path)
        let copy = try ImageEngine()
        #expect(
            try await copy.load(path).sorted() == [
                "Loaded image: box:1\n", "Loaded image: box:2\n", "Loaded image: other:1\n",
            ]
        )
        #expect(try await copy.tags() == [["box:1", "box:2"], ["other:1"]])
        try await test.save([id], to: path)
        let other = try ImageEngine()
        #expect(try await other.load(path) == ["Loaded image ID: \(id)\n"])
        let inspected = try run("skopeo", ["inspect", "--config", "docker-archive:\(path)"])
        #expect(inspected.contains("rootfs"))
    }

    @Test func `of skopeo are loaded`() async throws {
        let test = try ImageEngine()
        let id = try await test.import("box", "1", ["ENTRYPOINT [\"/a\"]"])
        try await test.save(["box:1"], to: test.scratch / "saved.tar")
        for format in ["docker-archive", "oci-archive"] {
            let path = test.scratch / "\(format).tar"
            let target =
                format == "docker-archive" ? "\(format):\(path):box:1" : "\(format):\(path):docker.io/library/box:1"
            try run("skopeo", ["copy", "--insecure-policy", "docker-archive:\(test.scratch / "saved.tar")", target])
            let copy = try ImageEngine()
            #expect(try await copy.load(path) == ["Loaded image: box:1\n"], "\(format)")
            #expect(try await copy.engine.inspectImage("box:1").config?.entrypoint == ["/a"], "\(format)")
            if format == "docker-archive" { #expect(try await copy.engine.inspectImage("box:1").id == id) }
        }
    }

    @Test func `that are no archives change nothing`() async throws {
        let test = try ImageEngine()
        let path = try test.scratch.write("broken", String(repeating: "no archive", count: 200))
        let error = await #expect(throws: EngineError.self) { _ = try await test.load(path) }
        #expect(error?.code == .badParameter)
        await #expect(throws: EngineError(.badParameter, "no image to save was named")) {
            try await test.engine.saveImages([])
        }
        #expect(try await test.tags() == [])
    }
}

@Suite struct `Removal of an image that containers use` {
    private func plan(_ names: [String], _ name: String, force: Bool, isRunning: Bool?) throws -> ImageRemovalPlan {
        let image = try #require(Digest(.sha256, hex: String(repeating: "1", count: 64)))
        let references = try names.map { try ImageReference($0) }
        let id = try #require(ObjectID(String(repeating: "c", count: 64)))
        let uses =
            isRunning.map { [ImageUse(container: id, image: image.description, layers: [], isRunning: $0)] } ?? []
        return try ImageRemovalPlan(of: image, references, name: name, force: force, uses: uses)
    }

    @Test(arguments: [
        (
            ["a"], "a", false, false,
            "unable to remove repository reference \"a\" (must force) - container cccccccccccc is using its referenced image 111111111111"
        ),
        (
            ["a"], "a", false, true,
            "unable to remove repository reference \"a\" (must force) - container cccccccccccc is using its referenced image 111111111111"
        ),
        (
            ["a"], "1111", false, false,
            "unable to delete 111111111111 (must be forced) - image is being used by stopped container cccccccccccc"
        ),
        (
            ["a"], "1111", true, true,
            "unable to delete 111111111111 (cannot be forced) - image is being used by running container cccccccccccc"
        ),
        (
            ["a", "b"], "1111", false, nil,
            "unable to delete 111111111111 (must be forced) - image is referenced in multiple repositories"
        ),
    ])
    func `is refused in the words of Docker`(
        names: [String],
        name: String,
        force: Bool,
        isRunning: Bool?,
        reason: String
    ) {
        #expect(throws: EngineError(.conflict, "conflict: " + reason)) {
            try plan(names, name, force: force, isRunning: isRunning)
        }
    }

    @Test(arguments: [
        (["a", "b"], "a", false, true, 1, false), (["a"], "a", true, false, 1, true),
        (["a"], "a", true, true, 1, false),
        (["a", "b"], "1111", true, nil, 2, true), (["a"], "1111", false, nil, 1, true),
        ([], "1111", true, false, 0, true),
    ])
    func `takes names and image as far as it may`(
        names: [String],
        name: String,
        force: Bool,
        isRunning: Bool?,
        count: Int,
        deletes: Bool
    ) throws {
        let plan = try plan(names, name, force: force, isRunning: isRunning)
        #expect(plan.untagged.count == count && plan.deletes == deletes)
    }
}
