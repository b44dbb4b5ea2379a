// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import EngineClient
import Reconciler
import Synchronization

/// Builds images of services anew, and has their containers made of them.
final class ServiceRebuild: Sendable {
    private let client: EngineClient
    private let wanted: WantedProject
    private let screen: WatchScreen
    private let form: BuildDisplay.Form
    private let options: UpOptions
    private let prunes: Bool
    private let underWay = Mutex<(isStopped: Bool, builds: ParallelBuilds?)>((false, nil))

    /// - Parameters:
    ///   - client: The engine.
    ///   - wanted: The project.
    ///   - screen: Where it is said what is done.
    ///   - form: How builds are shown.
    ///   - options: What the project was brought up with.
    ///   - prunes: Whether images go that others have replaced.
    init(
        _ client: EngineClient,
        _ wanted: WantedProject,
        on screen: WatchScreen,
        _ form: BuildDisplay.Form,
        _ options: UpOptions,
        prunes: Bool
    ) {
        (self.client, self.wanted, self.screen, self.form) = (client, wanted, screen, form)
        self.prunes = prunes
        var options = options
        (options.includesDependencies, options.recreation, options.removesOrphans) = (false, .changed, false)
        (options.awaitedImages, options.waits, options.starts) = ([], false, true)
        self.options = options
    }

    /// Ends the build that is under way; nothing is built any more.
    func stop() {
        let builds = underWay.withLock { state in
            state.isStopped = true
            return state.builds
        }
        builds?.end()
    }

    /// Builds the images of services.
    ///
    /// - Parameter services: The services.
    /// - Returns: Whether all images are there.
    func build(_ services: [String]) -> Bool {
        do {
            let builds = try ParallelBuilds()
            let isStopped = underWay.withLock { state in
                state.builds = builds
                return state.isStopped
            }
            defer { underWay.withLock { $0.builds = nil } }
            if isStopped { return false }
            var build = BuildOptions()
            build.isQuiet = form == .quiet
            let builder = ServiceBuilds(
                wanted.project,
                separator: wanted.separator,
                build,
                // Others draw on the terminal meanwhile.
                BuildDisplay(form == .tty ? .plain : form) { [screen] in screen.show($0) },
                environment: wanted.environment,
                parallelism: nil
            )
            try builder.run(services, client, endingBy: builds)
            return true
        } catch {
            if underWay.withLock(\.isStopped) { return false }
            screen.warn("Build failed. Error: \(CommandFailure(of: error, isRun: false).message)")
            return false
        }
    }

    /// Asks the engine to make the containers of services anew whose images are others now.
    ///
    /// - Parameter services: The services.
    /// - Returns: The answer.
    /// - Throws: ``EngineError`` or ``ClientError``.
    func recreate(_ services: [String]) throws -> Response {
        var request = wanted.upRequest(options, parallelism: nil)
        request.options.services = services
        return try client.bringUp(request)
    }

    /// The images of services by their names; those that are not there are left out.
    ///
    /// - Parameter services: The services.
    /// - Returns: Their identifiers.
    /// - Throws: ``EngineError`` or ``ClientError``.
    func images(of services: [String]) throws -> [String: String] {
        var found: [String: String] = [:]
        for name in services.map({ wanted.project.imageName(of: $0, separator: wanted.separator) }) {
            found[name] = try client.findImage(name)?.id
        }
        return found
    }

    /// Removes images that others have replaced, as far as nothing else needs them.
    ///
    /// - Parameters:
    ///   - before: The images before.
    ///   - after: The images after.
    func prune(_ before: [String: String], _ after: [String: String]) {
        if !prunes { return }
        for id in Set(before.values).subtracting(after.values).sorted() {
            do {
                guard let image = try client.findImage(id), image.repoTags.isEmpty else { continue }
                _ = try client.removeImage(id, force: false, prunes: true)
            } catch let error as EngineError where error.code == .conflict || error.code == .notFound {
                // A container of somebody else has it, or somebody was faster.
                continue
            } catch {
                screen.warn("cannot remove the image \(id), which was replaced: \(error)")
            }
        }
    }
}
