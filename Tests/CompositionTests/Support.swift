// SPDX-License-Identifier: Apache-2.0

import Compose
import Composition
import TestSupport
import Testing

/// The composer of a project with one file.
///
/// - Parameters:
///   - text: The compose file; the project is called `p` unless it says otherwise.
///   - environment: The variables of the user.
///   - usesUnderscores: Whether names have `_` in them.
///   - surroundings: What the machine has to tell.
/// - Returns: The composer.
/// - Throws: Where the file cannot be loaded, which is a mistake of the test.
func composer(
    _ text: String,
    environment: [String: String] = [:],
    usesUnderscores: Bool = false,
    surroundings: Surroundings = Surroundings()
) throws -> ProjectComposer {
    let scratch = try Scratch()
    try scratch.write("compose.yaml", "name: p\n" + text)
    var request = LoadRequest(currentDirectory: scratch.path)
    request.environment = environment
    let result = Loader.load(request)
    let project = try #require(result.project, "\(result.diagnostics.map(\.message))\n\(text)")
    return ProjectComposer(project, usesUnderscores: usesUnderscores, surroundings: surroundings)
}

extension ProjectComposer {
    /// The first container of a service, beside services whose containers are called `<service>-id`.
    func container(of service: String = "web", number: Int = 1) throws(CompositionError) -> ComposedContainer {
        try containerRequest(of: service, number: number, imageID: "sha256:1234") { "\($0)-id" }
    }
}
