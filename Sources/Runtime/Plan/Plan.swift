// SPDX-License-Identifier: Apache-2.0

import CSandbox
import Linux

/// What a child does between clone3 and execve, system call by system call.
///
/// The bytes are the C interpreter's block (`csandbox.h`), so that a plan can be run in this process or sent to the
/// keeper. The words for a failure stay here.
package struct Plan: Sendable {
    /// The block that the interpreter runs.
    package let bytes: [UInt64]
    /// The length of the block in bytes.
    package let size: Int
    /// What fills the first slots, borrowed for the launch only.
    package let descriptors: [Int32]
    /// Whether a sibling of the launched process goes on in its place, which its start tells of.
    let forksSibling: Bool
    /// What each operation is about, for errors.
    let steps: [PlanStep]
    /// Those of the descriptors that belong to the plan.
    let opened: DescriptorBag

    /// The error that a report of the interpreter stands for.
    ///
    /// - Parameters:
    ///   - operation: The index of the operation that failed.
    ///   - number: The `errno` value.
    /// - Returns: The error with the operation's own words.
    func failure(at operation: Int, _ number: Int32) -> LaunchError {
        guard steps.indices.contains(operation) else {
            return .launch(SystemError("clone3", number))
        }
        let step = steps[operation]
        let error = SystemError(step.call, number, on: step.subject)
        return step.isExec ? .exec(error) : .setup(step.purpose, error)
    }
}

/// What an operation of a plan is about.
struct PlanStep: Sendable, Equatable {
    /// The system call's name.
    var call: String
    /// The path or object.
    var subject: String
    /// What the user asked for, as the field of the specification that led to it.
    var purpose: String
    /// Whether this is the last step, the program itself.
    var isExec = false
}
