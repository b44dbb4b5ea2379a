// SPDX-License-Identifier: Apache-2.0

import Arguments

extension AttachedUp {
    /// What is shown, and what ends it.
    struct Options: Sendable {
        var attached: [String] = []
        var attachesDependencies = false
        var notAttached: [String] = []
        var abortsOnExit = false
        var abortsOnFailure = false
        /// The service whose exit status this command ends with.
        var exitCodeFrom: String?
        var hasColour = true
        var hasPrefix = true
        var showsTime = false
        /// Whether containers follow the files that `develop.watch` names.
        var watches = false
        /// Whether builds are not shown.
        var buildsQuietly = false
        /// Whether keys are taken; nil for as `COMPOSE_MENU` says.
        var hasMenu: Bool?
    }
}

extension AttachedUp.Options {
    /// The options of the command line.
    ///
    /// - Parameter change: Has what was written kept.
    /// - Returns: The options.
    static func options(_ change: @escaping ((inout AttachedUp.Options) -> Void) -> Void) -> [Option] {
        [
            .flag("abort-on-container-exit", help: "Stop everything when a container ends.") { value in
                change { $0.abortsOnExit = value }
            },
            .flag("abort-on-container-failure", help: "Stop everything when a container ends with a failure.") {
                value in
                change { $0.abortsOnFailure = value }
            },
            .value(
                "attach",
                "service",
                help: "Show the output of this service only; repeat for several.",
                isRepeatable: true
            ) {
                name in change { $0.attached.append(name) }
            },
            .flag("attach-dependencies", help: "Show the output of dependencies as well.") { value in
                change { $0.attachesDependencies = value }
            },
            .value(
                "exit-code-from",
                "service",
                help: "End with the exit status of this service; implies --abort-on-container-exit."
            ) { name in
                change { ($0.exitCodeFrom, $0.abortsOnExit) = (name, true) }
            },
            .value("no-attach", "service", help: "Do not show the output of this service.", isRepeatable: true) {
                name in
                change { $0.notAttached.append(name) }
            },
            .flag("menu", help: "Take keys on a terminal: to watch, to detach; true unless COMPOSE_MENU is false.") {
                value in
                change { $0.hasMenu = value }
            },
            .flag("no-color", help: "Use no colour for output of containers.") { value in
                change { $0.hasColour = !value }
            },
            .flag("no-log-prefix", help: "Show no names of containers.") { value in change { $0.hasPrefix = !value } },
            .flag("timestamps", help: "Show the time of each line.") { value in change { $0.showsTime = value } },
            .flag("watch", short: "w", help: "Have containers follow the files that `develop.watch` names.") { value in
                change { $0.watches = value }
            },
        ]
    }

    /// Refuses options that exclude each other, in Docker Compose's words.
    func check(isDetached: Bool, waits: Bool) throws(UsageError) {
        if abortsOnFailure, abortsOnExit {
            throw UsageError("--abort-on-container-failure cannot be combined with --abort-on-container-exit")
        }
        if !attached.isEmpty, attachesDependencies {
            throw UsageError("cannot combine --attach and --attach-dependencies")
        }
        let attaches = abortsOnExit || abortsOnFailure || !attached.isEmpty || attachesDependencies
        if waits, attaches {
            throw UsageError(
                "--wait cannot be combined with --abort-on-container-exit, --attach or --attach-dependencies"
            )
        }
        if isDetached, hasMenu == true { throw UsageError("--menu cannot be combined with --detach") }
        if isDetached, attaches || watches {
            throw UsageError(
                "--detach cannot be combined with --abort-on-container-exit, --abort-on-container-failure, --attach, "
                    + "--attach-dependencies or --watch"
            )
        }
    }
}
