// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// A folder with a project, in which the real program is run.
struct Wharf: ~Copyable {
    let folder: Scratch

    init(_ files: [String: String]) throws {
        let folder = try Scratch()
        for (name, text) in files {
            _ = try folder.write(name, text)
        }
        self.folder = folder
    }

    /// Runs the program with only these variables in its environment.
    func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Command.Outcome {
        try Command(
            Binaries.path(of: "wharf"),
            arguments,
            in: folder / ".",
            environment: environment.merging(["HOME": "/root", "PATH": "/usr/bin:/bin"]) { own, _ in own }
        ).run()
    }
}
