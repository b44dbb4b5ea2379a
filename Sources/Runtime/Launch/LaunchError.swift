// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Linux

/// Why a container or a process in one was not started; nothing of it is left.
package enum LaunchError: Error, Equatable, CustomStringConvertible {
    /// The specification asks for something that cannot be done, or that contradicts itself.
    case specification(field: String, String)
    /// No process came to be.
    case launch(SystemError)
    /// The control group could not be made, or refused what was asked of it.
    case controlGroup(ControlGroupError)
    /// The keeper could not be asked.
    case keeper(KeeperError)
    /// The named field of the specification could not be made true.
    case setup(String, SystemError)
    /// The program could not be run.
    case exec(SystemError)
    /// The interpreter said what this version does not know.
    case unknownReport(UInt32)

    /// A descriptor of the process was sent and could not be received: there was no number left for it (unix(7), `SCM_RIGHTS`).
    static let descriptorLost = LaunchError.launch(SystemError("recvmsg", EMFILE, on: "a descriptor of the process"))

    package var description: String {
        switch self {
        case .specification(let field, let text): "\(field): \(text)"
        case .launch(let error): "cannot start a process: \(error)"
        case .controlGroup(let error): "\(error)"
        case .keeper(let error): "\(error)"
        case .setup(let purpose, let error): "cannot set up \(purpose): \(error)"
        case .exec(let error): "cannot run \(error.subject): \(SystemError.text(of: error.number))"
        case .unknownReport(let kind): "the launcher sent a report of the unknown kind \(kind)"
        }
    }

    /// The status that Docker's command ends with: 127 where the program does not exist, 126 where it cannot be run,
    /// 125 for everything before.
    package var exitStatus: Int32 {
        guard case .exec(let error) = self else { return 125 }
        return error.number == ENOENT || error.number == ENOTDIR ? 127 : 126
    }
}
