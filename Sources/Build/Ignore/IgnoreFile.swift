// SPDX-License-Identifier: Apache-2.0

/// Which file says what a build leaves out of its context.
///
/// https://docs.docker.com/build/concepts/context/#dockerignore-files
package enum IgnoreFile {
    /// The files that may say it; the first one that is there counts.
    ///
    /// - Parameters:
    ///   - dockerfile: The path of the Dockerfile; nil where its text is in the compose file.
    ///   - context: The path of the context.
    /// - Returns: Their paths.
    package static func candidates(dockerfile: String?, context: String) -> [String] {
        (dockerfile.map { [$0 + ".dockerignore"] } ?? []) + ["\(context)/.dockerignore"]
    }
}
