// SPDX-License-Identifier: Apache-2.0

/// A service of which no container can be made, with everything that is in the way.
package struct CompositionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The name of the service.
    package var service: String
    /// What is wrong, each with the key, its value and what to do.
    package var problems: [String]

    package init(service: String, problems: [String]) {
        self.service = service
        self.problems = problems
    }

    /// A line for each problem.
    package var description: String {
        problems.map { "service `\(service)`: \($0)" }.joined(separator: "\n")
    }
}
