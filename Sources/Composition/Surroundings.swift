// SPDX-License-Identifier: Apache-2.0

/// What a composer has to know of the machine, since it touches nothing itself.
package struct Surroundings: Sendable {
    /// The absolute path of the engine's socket, for `use_api_socket`; nil where it is not known, which refuses the key.
    package var engineSocket: String?
    /// The absolute paths of the env files that the command line names, for a label; not the automatic `.env`.
    package var environmentFiles: [String] = []
    /// Reads a file that is sent inside a request: a profile of seccomp, by its absolute path.
    ///
    /// Configs and secrets are not read: the engine takes them by their paths.
    package var readFile: @Sendable (_ path: String) throws -> [UInt8]
    /// Tells whether an absolute path is that of a folder, which is mounted where it stands for a config or a secret.
    package var isFolder: @Sendable (_ path: String) -> Bool = { _ in false }

    /// Tells what there is.
    ///
    /// - Parameter readFile: Reads a file by its absolute path; without it, a file that has to be read is an error.
    package init(
        readFile: @escaping @Sendable (_ path: String) throws -> [UInt8] = { _ in throw NoFiles() }
    ) {
        self.readFile = readFile
    }

    /// The error of a composer that was given no way to files.
    package struct NoFiles: Error, CustomStringConvertible {
        package init() {}

        package var description: String { "files cannot be read here" }
    }
}
