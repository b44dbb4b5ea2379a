// SPDX-License-Identifier: Apache-2.0

/// The variables of a stage: those of ENV, and those of ARG, which containers of the image do not get.
///
/// As with BuildKit the one that was set last is seen, whichever instruction set it.
package struct Scope: Equatable, Sendable {
    /// What is seen.
    package private(set) var values: [String: String] = [:]
    /// The arguments of the stage that were declared and have no value.
    private(set) var declared: Set<String> = []

    /// The search path of programs where an image names none.
    static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    package init() {}

    /// Sets a variable.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - value: Its value.
    /// - Throws: ``BuildProblem`` where there are too many.
    mutating func set(_ name: String, _ value: String) throws(BuildProblem) {
        values[name] = value
        if values.count > Limits.variables {
            throw BuildProblem("there are more than \(Limits.variables) variables")
        }
    }

    /// Notes an argument without a value.
    mutating func declare(_ name: String) { declared.insert(name) }

    /// Forgets which arguments were declared: those of a stage are not those of one that is built upon it.
    mutating func beginStage() { declared = [] }

    /// `NAME=value` of all, in the order of their names.
    package var environment: [String] {
        values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    }
}
