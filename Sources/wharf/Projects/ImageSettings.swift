// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose

/// The options of commands that need the images of a project: when they are pulled and built, and what is shown of it.
final class ImageSettings {
    /// The policy in place of that of the services.
    private(set) var policy: PullPolicy?
    private(set) var pullsQuietly = false
    private(set) var builds = ServiceBuilds.Choice.missing

    /// The options.
    ///
    /// - Parameter purpose: What images are built before, for the help.
    /// - Returns: `--build`, `--pull` and `--quiet-pull`.
    func options(before purpose: String) -> [Option] {
        [
            .choice(
                "build",
                words: ["stale"],
                help:
                    "Build images before \(purpose); --build=stale shows only what has changed since they were built, "
                    + "and why, and leaves images alone that were pulled."
            ) { word in
                self.builds = word == "stale" ? .stale : word == nil ? .missing : .all
            },
            .value(
                "pull",
                "policy",
                help: "When to pull images: always, missing, never or build.",
                allowed: ["always", "missing", "never", "build", "policy"]
            ) { text in
                // The last one is what each service says itself.
                self.policy = text == "policy" ? nil : PullPolicy(rawValue: text)
            },
            .flag("quiet-pull", help: "Show no progress of pulls.") { self.pullsQuietly = $0 },
        ]
    }
}
