// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import EngineClient
import Reconciler
import Terminal

/// The images that services need and that are not here: they are pulled, or built.
struct ProjectImages {
    private let client: EngineClient
    private let wanted: WantedProject
    private let global: GlobalOptions
    private let services: [String]
    private let which: ServiceBuilds.Choice
    private let pulls: ProjectPulls
    /// The services whose images are to be built, as far as pulls do not bring them.
    private var built: [String] = []

    /// Finds out which images are missing.
    ///
    /// - Parameters:
    ///   - client: The engine.
    ///   - wanted: The project.
    ///   - global: How it is shown where they are brought here; in a dry run they are only named.
    ///   - services: The services that need their images.
    ///   - policy: When to pull, in place of what the services say.
    ///   - builds: What is built.
    /// - Throws: ``CommandFailure`` for a policy or a name that cannot be read, or the error of the engine.
    init(
        _ client: EngineClient,
        _ wanted: WantedProject,
        _ global: GlobalOptions,
        services: Set<String>,
        policy: PullPolicy?,
        builds: ServiceBuilds.Choice
    ) throws {
        (self.client, self.wanted, self.global) = (client, wanted, global)
        (self.services, which) = (services.sorted(), builds)
        pulls = try ProjectPulls(client, wanted, services: services, policy: policy)
        // Most projects build nothing.
        if wanted.project.services.values.contains(where: { $0.build != nil }) {
            built = try needed(by: builder(isQuiet: true))
        }
    }

    private func builder(isQuiet: Bool) throws -> ServiceBuilds {
        var options = BuildOptions()
        options.isQuiet = isQuiet
        options.request.explainsCache = which == .stale
        return try ServiceBuilds(
            wanted.project,
            separator: wanted.separator,
            options,
            options.display(global, tellsStale: which == .stale),
            environment: wanted.environment,
            parallelism: global.parallel
        )
    }

    private func needed(by builder: ServiceBuilds) throws -> [String] {
        try builder.needed(of: services, which, client)
    }

    private func images(of services: [String]) -> [String] {
        services.map { wanted.project.imageName(of: $0, separator: wanted.separator) }
    }

    /// The images that are brought here, as services name them.
    var awaited: Set<String> { Set(pulls.images).union(images(of: built)) }

    /// Brings the images here.
    ///
    /// - Parameters:
    ///   - pullsQuietly: Whether pulls are not shown.
    ///   - buildsQuietly: Whether builds are not shown.
    /// - Throws: ``CommandFailure`` where one cannot be pulled or built.
    func obtain(pullsQuietly: Bool, buildsQuietly: Bool) throws {
        try pulls.run(global, isQuiet: pullsQuietly)
        if built.isEmpty { return }
        let builder = try builder(isQuiet: buildsQuietly)
        // What a pull has brought is not missing any more.
        let left = pulls.pulls.isEmpty ? built : try needed(by: builder)
        if !left.isEmpty { try builder.run(left, client) }
    }

    /// Brings here what a request needs, once it is known that nothing else stands in its way.
    ///
    /// - Parameters:
    ///   - request: The request, which gets to know of what is brought.
    ///   - pullsQuietly: Whether pulls are not shown.
    ///   - buildsQuietly: Whether builds are not shown.
    /// - Throws: ``CommandFailure`` where one cannot be pulled or built.
    func obtain(
        for request: inout ProjectUpRequest,
        pullsQuietly: Bool,
        buildsQuietly: Bool
    ) throws {
        request.options.awaitedImages = awaited
        if request.options.awaitedImages.isEmpty { return }
        // What else is wrong is told before anything is done.
        if global.dryRun {
            pulls.announce()
            for image in images(of: built) {
                OutputStream.error.write("DRY-RUN MODE -  Image \(image) Building\n")
            }
            return
        }
        guard try client.plan(request).problems.isEmpty else { return }
        try obtain(pullsQuietly: pullsQuietly, buildsQuietly: buildsQuietly)
        request.options.awaitedImages = []
    }
}

extension EngineClient {
    /// Looks for an image that may not be here.
    ///
    /// - Parameter name: The image.
    /// - Returns: What there is to know of it; nil where it is not here.
    /// - Throws: ``EngineError`` or ``ClientError``.
    func findImage(_ name: String) throws -> ImageInspection? { try found { try inspectImage(name) } }

    /// Whether an image is here; what there is to know of it is not read, which takes longer than to ask.
    ///
    /// - Parameter name: The image.
    /// - Returns: The answer.
    /// - Throws: ``EngineError`` or ``ClientError``.
    func hasImage(_ name: String) throws -> Bool { try found { try rawImage(name) } != nil }

    private func found<Value>(_ ask: () throws -> Value) throws -> Value? {
        do {
            return try ask()
        } catch let error as EngineError where error.code == .notFound {
            return nil
        }
    }
}
