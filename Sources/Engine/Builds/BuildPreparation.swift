// SPDX-License-Identifier: Apache-2.0

import Build
import EngineAPI
import Glibc
import Images
import Linux
import OCI
import Patterns

/// Everything that a build needs before its first step: its contexts, its Dockerfile and the images that it begins with.
struct BuildPreparation: Sendable {
    let request: ImageBuildRequest
    /// Where the build works.
    let folder: String
    /// By name; the main one has the empty name.
    private(set) var contexts: [String: SourceTree] = [:]
    private(set) var dockerfile = Dockerfile([])
    private(set) var plan = Planner.plan(Dockerfile([]))
    /// The images that stages begin with, by their full names.
    private(set) var images: [String: StoredImage] = [:]
    /// The names of images in ``images`` that are contexts, by the names of these.
    private var layouts: [String: String] = [:]

    /// No `.dockerignore` is larger.
    private static let ignoreFileLimit = 1 << 20
    /// No Dockerfile is larger.
    static let dockerfileLimit = 4 << 20
    /// How often images bring further ones along by their triggers.
    private static let rounds = 16

    /// Opens contexts and reads the Dockerfile.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - folder: Where the build works.
    ///   - given: What came with the request, or was fetched.
    /// - Throws: `notFound` or `badParameter` with what is missing or wrong.
    init(_ request: ImageBuildRequest, in folder: String, _ given: BuildContexts) throws {
        (self.request, self.folder) = (request, folder)
        let main = given.dockerfile == nil ? given.folders[""] ?? request.context : nil
        let root = try main.map { try Self.open($0, "the build context") }
        let isNamed = request.dockerfile != nil || request.dockerfileText != nil
        let bytes = try isNamed ? dockerfile(in: root) : given.dockerfile ?? dockerfile(in: root)
        if let root {
            let patterns = try Self.patterns(in: root, Self.ignoreNames(request))
            contexts[""] = SourceTree(
                root: root,
                name: "the build context" + (request.context.map { " \($0)" } ?? ""),
                ignored: patterns,
                keepsOwners: false
            )
        }
        for (name, image) in given.images {
            let reference = BuildContexts.layoutName(image)
            images[reference] = image
            layouts[name] = reference
        }
        for (name, text) in request.contexts {
            var local: String?
            if case .folder(let path) = NamedContext(text) { local = path }
            guard let path = given.folders[name] ?? local else { continue }
            let root = try Self.open(path, "the context `\(name)`")
            contexts[name] = SourceTree(
                root: root,
                name: "the context `\(name)`",
                ignored: try Self.patterns(in: root, [".dockerignore"]),
                keepsOwners: false
            )
        }
        dockerfile = Dockerfile(bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes)
    }

    /// What the Dockerfile is known by, whatever it says.
    var identity: String { "\(request.context ?? "")\n\(request.dockerfile ?? "")\n\(request.target ?? "")" }

    // MARK: Files

    private static func open(_ path: String, _ what: String) throws -> SharedDescriptor {
        guard path.hasPrefix("/") else {
            throw EngineError(.badParameter, "\(what): `\(path)` is no absolute path of the engine's host")
        }
        do {
            return SharedDescriptor(try Descriptor.open(path, O_RDONLY | O_DIRECTORY))
        } catch {
            throw EngineError(
                error.number == ENOENT ? .notFound : .badParameter,
                "cannot open \(what) `\(path)`: \(SystemError.text(of: error.number))"
            )
        }
    }

    private static func read(_ path: String, in root: SharedDescriptor?, limit: Int) throws(SystemError) -> [UInt8] {
        let flags = O_RDONLY | O_NONBLOCK | O_NOCTTY
        let file: Descriptor
        if let root, !path.hasPrefix("/") {
            file = try root.descriptor.open(path, flags, resolution: .inRoot)
        } else {
            file = try Descriptor.open(path, flags)
        }
        if try file.status().kind != .regular { throw SystemError("read", EINVAL, on: path) }
        return try file.contents(limit: limit)
    }

    private func dockerfile(in root: SharedDescriptor?) throws -> [UInt8] {
        if let text = request.dockerfileText { return Array(text.utf8) }
        let names = request.dockerfile.map { [$0] } ?? ["Dockerfile", "dockerfile"]
        for name in names {
            do {
                return try Self.read(name, in: root, limit: Self.dockerfileLimit)
            } catch {
                if error.number == ENOENT { continue }
                throw EngineError(.badParameter, "cannot read the Dockerfile `\(name)`: \(error)")
            }
        }
        throw EngineError(
            .notFound,
            "there is no `\(names[0])` in the build context\(request.context.map { " \($0)" } ?? ""); `-f` names another file"
        )
    }

    private static func ignoreNames(_ request: ImageBuildRequest) -> [String] {
        (request.dockerfile.map { [$0 + ".dockerignore"] } ?? ["Dockerfile.dockerignore"]) + [".dockerignore"]
    }

    private static func patterns(in root: SharedDescriptor, _ names: [String]) throws -> PathPatterns? {
        for name in names {
            do {
                let bytes = try read(name, in: root, limit: ignoreFileLimit)
                return try PathPatterns(file: String(decoding: bytes, as: UTF8.self))
            } catch let error as SystemError where [ENOENT, ENOTDIR].contains(error.number) {
                continue
            } catch {
                throw EngineError(.badParameter, "`\(name)`: \(error)")
            }
        }
        return nil
    }

    // MARK: Values

    /// What takes the place of later times.
    func epoch() throws(EngineError) -> FileTime? {
        guard let text = request.arguments["SOURCE_DATE_EPOCH"], !text.isEmpty else { return nil }
        guard let seconds = Int64(text), seconds >= 0 else {
            throw EngineError(.badParameter, "SOURCE_DATE_EPOCH=\(text.prefix(64)) is no number of seconds since 1970")
        }
        return FileTime(seconds: seconds)
    }

    private func planRequest() throws(EngineError) -> BuildRequest {
        var planned = BuildRequest()
        planned.arguments = request.arguments
        planned.target = request.target
        planned.contexts = request.contexts.mapValues { NamedContext($0) }
        for (name, reference) in layouts { planned.contexts[name] = .image(reference) }
        planned.baseConfigs = images.mapValues(\.config)
        planned.extraHosts = request.extraHosts
        planned.ignored = contexts[""]?.ignored
        if let text = request.platform, !text.isEmpty {
            guard let platform = Platform(text) else {
                throw EngineError(.badParameter, "`\(text.prefix(64))` is no platform such as linux/arm64")
            }
            planned.platform = platform
        }
        return planned
    }

    // MARK: The plan

    /// Plans the build, with all images that its stages begin with.
    ///
    /// - Parameter base: Where the images come from.
    /// - Returns: The steps.
    /// - Throws: ``BuildFailure`` for what is wrong with the Dockerfile, `notFound` for an image.
    mutating func makePlan(with base: BaseImages) async throws -> BuildGraph {
        var planned = try planRequest()
        for _ in 1...Self.rounds {
            plan = Planner.plan(dockerfile, planned)
            let unknown = plan.unknownImages(known: Set(images.keys))
            if unknown.isEmpty { break }
            for (name, platform) in unknown {
                let image = try await base.image(name, for: platform)
                images[name] = image
                planned.baseConfigs[name] = image.config
            }
        }
        do throws(BuildProblem) {
            return try plan.graph()
        } catch {
            var failure = BuildFailure("\(error)")
            failure.place = error.place
            throw failure
        }
    }
}

extension ImageBuildRequest {
    /// What one secret may hold, in bytes.
    private static let secretLimit = 1 << 20

    /// What secrets hold, by their ids.
    func secretContents() throws(EngineError) -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        for secret in secrets {
            let bytes = secret.content.bytes
            if bytes.count > Self.secretLimit {
                throw EngineError(
                    .badParameter,
                    "the secret `\(secret.id)` has \(bytes.count) bytes, more than \(Self.secretLimit)"
                )
            }
            found[secret.id] = bytes
        }
        return found
    }
}
