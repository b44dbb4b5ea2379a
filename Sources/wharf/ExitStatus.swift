// SPDX-License-Identifier: Apache-2.0

/// What the process's exit status says.
enum ExitStatus: Int32, CaseIterable {
    case success = 0
    case failure = 1
    case usage = 64

    /// The meaning, for help and README.
    var meaning: String {
        switch self {
        case .success: "done; warnings do not count"
        case .failure: "a file or the project has errors, or reading or writing failed"
        case .usage: "the command line is wrong"
        }
    }

    /// The table as `wharf --help` shows it.
    static var table: String {
        let rows = allCases.map { status in
            let number = String(status.rawValue)
            return "  \(number)\(String(repeating: " ", count: 5 - number.count))\(status.meaning)"
        }
        return "EXIT STATUS:\n" + rows.joined(separator: "\n")
    }
}

/// The end of a command that did not do what was asked.
struct CommandFailure: Error {
    /// What is said on standard error; empty where everything has been said already.
    var message = ""
    var status = ExitStatus.failure
}
