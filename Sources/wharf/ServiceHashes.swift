// SPDX-License-Identifier: Apache-2.0

import Compose
import Composition

/// The hashes of services' configurations, the same that Docker Compose labels containers with.
enum ServiceHashes {
    /// The lines of `wharf config --hash`.
    ///
    /// - Parameters:
    ///   - names: Names of services, separated by commas, or `*` for all.
    ///   - project: The project that has them.
    /// - Returns: A line `NAME HASH` for each, by name.
    /// - Throws: ``CommandFailure`` where a service does not exist.
    static func lines(_ names: String, of project: Project) throws -> [UInt8] {
        let chosen = names == "*" ? Array(project.services.keys) : names.split(separator: ",").map(String.init)
        var lines: [UInt8] = []
        for name in chosen.sorted() {
            guard let service = project.services[name] else {
                throw CommandFailure(message: "no such service: `\(name)`")
            }
            lines += Array("\(name) \(ProjectComposer.hash(of: service))\n".utf8)
        }
        return lines
    }
}
