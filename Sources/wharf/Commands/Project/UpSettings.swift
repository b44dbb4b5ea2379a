// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient
import Reconciler

/// The options that `up`, `create`, `plan` and `scale` have in common.
final class UpSettings {
    var options = UpOptions()
    private(set) var services: [String] = []
    private let images = ImageSettings()
    /// Whether nothing may be built.
    private(set) var buildsNothing = false
    private var forcesRecreation = false
    private var recreatesNothing = false

    /// Options on what is made and replaced.
    func creation() -> [Option] {
        images.options(before: "containers are made") + [
            .flag("force-recreate", help: "Replace containers that are as they are to be as well.") {
                self.forcesRecreation = $0
                if $0 { self.options.recreation = .always }
            },
            .flag("no-build", help: "Build no image, also where one is missing.") { self.buildsNothing = $0 },
            .flag("no-recreate", help: "Replace no container, also where it has changed.") {
                self.recreatesNothing = $0
                if $0 { (self.options.recreation, self.options.dependencyRecreation) = (.never, .never) }
            },
            .flag("remove-orphans", help: "Remove containers of services that the project does not have any more.") {
                self.options.removesOrphans = $0
            },
            .value(
                "scale",
                "SERVICE=NUM",
                help: "How many containers a service is to have, this time; repeat for several.",
                isRepeatable: true
            ) { text throws(InvalidValue) in try self.scale(text) },
            .flag("yes", short: "y", help: "Make volumes anew that have changed, although their data is lost.") {
                self.options.recreatesVolumes = $0
            },
        ]
    }

    /// Whether pulls are not shown.
    var pullsQuietly: Bool { images.pullsQuietly }

    /// The services.
    func positional(_ global: GlobalOptions) -> Positional {
        .any("SERVICE", help: "The services; all where none is named.", completion: .services(of: global)) {
            self.services.append($0)
        }
    }

    /// Reads `web=3`.
    func scale(_ text: String) throws(InvalidValue) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, let count = Int(parts[1]), count >= 0 else {
            throw InvalidValue("SERVICE=NUM")
        }
        options.scales[String(parts[0])] = count
    }

    /// The images that are missing, by what the options say of them.
    ///
    /// - Parameters:
    ///   - wanted: The project.
    ///   - client: The engine.
    ///   - global: How it is shown where they are brought here.
    /// - Returns: The images.
    /// - Throws: ``CommandFailure``, or the error of the engine.
    func images(of wanted: WantedProject, _ client: EngineClient, _ global: GlobalOptions) throws -> ProjectImages {
        try ProjectImages(
            client,
            wanted,
            global,
            services: wanted.taken(includingDependencies: options.includesDependencies),
            policy: images.policy,
            builds: buildsNothing ? .none : images.builds
        )
    }

    /// Refuses options that exclude each other, in Docker Compose's words.
    func check() throws(UsageError) {
        if images.builds != .missing, buildsNothing { throw UsageError("--build and --no-build are incompatible") }
        if forcesRecreation, recreatesNothing {
            throw UsageError("--force-recreate and --no-recreate are incompatible")
        }
        if options.dependencyRecreation == .always, recreatesNothing {
            throw UsageError("--always-recreate-deps and --no-recreate are incompatible")
        }
        if options.renewsVolumes, recreatesNothing {
            throw UsageError("--no-recreate and --renew-anon-volumes are incompatible")
        }
    }
}
