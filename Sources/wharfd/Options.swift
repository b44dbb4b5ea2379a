// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import Glibc

/// What the command line of `wharfd` says.
final class Options {
    var root: String?
    /// Containers are kept in this process, and end with it.
    var isEmbedded = false
    /// After which time without anything to do the engine ends; nil for never.
    var idleTimeout: Duration? = .seconds(60)
    var staysInForeground = false
    /// Where the start is reported.
    var readyDescriptor: Int32?
    /// This is the process that ``Detachment`` has started.
    var isDetached = false
    var keeperProgram: String?

    /// Where the engine is.
    var location: EngineLocation {
        EngineLocation(
            root: root,
            environment: { name in getenv(name).map { String(cString: $0) } },
            uid: geteuid()
        )
    }

    var command: Command {
        Command("wharfd", summary: "The engine of wharf: keeps containers and images, and serves the API on a socket.")
        {
            self.syntax
        }
    }

    private var syntax: Syntax {
        Syntax(
            examples: """
                wharfd                                start the engine of this user
                wharfd --root /srv/test               start one with a state of its own
                wharfd --foreground --idle-timeout 0  run under a service manager
                """,
            notes: """
                The engine starts by itself when a command of wharf needs it, and ends when nothing is left to run.

                EXIT STATUS:
                  0    the engine runs, or has ended as it should
                  1    it could not start
                  64   the command line is wrong
                """,
            options: options,
            run: {}
        )
    }

    private var options: [Option] {
        [
            .value("root", "folder", help: "The folder of images, containers and the socket.", completion: .folders) {
                path throws(InvalidValue) in
                guard path.hasPrefix("/") else { throw InvalidValue("an absolute path") }
                self.root = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
            },
            .flag("embedded", help: "Keep containers in this process; they end with it.") { self.isEmbedded = $0 },
            .number(
                "idle-timeout",
                "seconds",
                help: "End when nothing runs and nobody asks for this long; 0 for never.",
                default: "60"
            ) { seconds throws(InvalidValue) in
                guard (0...1_000_000_000).contains(seconds) else { throw InvalidValue("0 or more") }
                self.idleTimeout = seconds == 0 ? nil : .seconds(seconds)
            },
            .flag("foreground", help: "Stay in the terminal, and report there.") { self.staysInForeground = $0 },
            .number("ready-fd", "number", help: "Write `ready` or an error to this descriptor after the start.") {
                number throws(InvalidValue) in
                guard let descriptor = Int32(exactly: number), descriptor > 2, fcntl(descriptor, F_GETFD) >= 0 else {
                    throw InvalidValue("an open descriptor above 2")
                }
                // It is for this program and not for those that it starts.
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                self.readyDescriptor = descriptor
            },
            .value("keeper", "path", help: "The program that keeps containers.", completion: .files()) {
                self.keeperProgram = $0
            },
            .flag("detached", help: "Leave the terminal; for the engine's own use.", isHidden: true) {
                self.isDetached = $0
            },
            .show("version", short: "v", help: "Print the version.") { "wharfd version \(ProductVersion.number)\n" },
        ]
    }
}
