// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import EngineClient
import Reconciler

/// The options that `up`, `create`, `plan` and `scale` have in common.
final class UpSettings {
    var options = UpOptions()
    private(set) var services: [String] = []
    /// The policy in place of that of the services.
    private var pullPolicy: PullPolicy?
    private(set) var pullsQuietly = false
    private var builds = false
    /// Whether nothing may be built.
    private(set) var buildsNothing = false
    private var forcesRecreation = false
    private var recreatesNothing = false

    /// Options on what is made and replaced.
    func creation() -> [Option] {
        [
            .flag("build", help: "Build images before containers are made.") { self.builds = $0 },
            .flag("force-recreate", help: "Replace containers that are as they are to be as well.") {
                self.forcesRecreation = $0
                if $0 { self.options.recreation = .always }
            },
            .flag("no-build", help: "Build no image, also where one is missing.") { self.buildsNothing = $0 },
            .flag("no-recreate", help: "Replace no container, also where it has changed.") {
                self.recreatesNothing = $0
                if $0 { (self.options.recreation, self.options.dependencyRecreation) = (.never, .never) }
            },
            .value(
                "pull",
                "policy",
                help: "When to pull images: always, missing, never or build.",
                allowed: ["always", "missing", "never", "build", "policy"]
            ) { text in
                // The last one is what each service says itself.
                self.pullPolicy = text == "policy" ? nil : PullPolicy(rawValue: text)
            },
            .flag("quiet-pull", help: "Show no progress of pulls.") { self.pullsQuietly = $0 },
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
            policy: pullPolicy,
            builds: buildsNothing ? .none : builds ? .all : .missing
        )
    }

    /// Refuses options that exclude each other, in Docker Compose's words.
    func check() throws(UsageError) {
        if builds, buildsNothing { throw UsageError("--build and --no-build are incompatible") }
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
