// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient

/// What the process's exit status says.
enum ExitStatus: Int32, CaseIterable {
    case success = 0
    case failure = 1
    case changesPending = 2
    case usage = 64
    case engine = 125
    case notExecutable = 126
    case notFound = 127

    /// The meaning, for help and README.
    var meaning: String {
        switch self {
        case .success: "done; warnings do not count"
        case .failure: "a file has errors or `build --check` findings, or something failed"
        case .changesPending: "`wharf plan --exit-code`: something would change"
        case .usage: "the command line is wrong (125 for container, image, network, volume)"
        case .engine: "the engine could not make, start or follow a container"
        case .notExecutable: "a container's program cannot be executed"
        case .notFound: "a container's program does not exist"
        }
    }

    /// What programs in containers end with is passed on.
    private static let passed = (
        "other", "that of a container's program; 128 + n where signal n ended it"
    )

    /// The table as `wharf --help` shows it.
    static var table: String {
        let rows = allCases.map { (String($0.rawValue), $0.meaning) } + [passed]
        let lines = rows.map { number, meaning in
            "  \(number)\(String(repeating: " ", count: max(2, 7 - number.count)))\(meaning)"
        }
        return "EXIT STATUS:\n" + lines.joined(separator: "\n")
    }
}

/// The end of a command that did not do what was asked, or of a program whose status it passes on.
struct CommandFailure: Error {
    /// What is said on standard error; empty where everything has been said already.
    var message = ""
    /// What the process exits with.
    var code = ExitStatus.failure.rawValue
}

extension CommandFailure {
    init(message: String = "", status: ExitStatus) {
        self.init(message: message, code: status.rawValue)
    }

    /// What a failed request means.
    ///
    /// - Parameters:
    ///   - error: What was thrown.
    ///   - isRun: Whether statuses below 125 are those of a container.
    init(of error: any Error, isRun: Bool) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let failure as EngineError:
            self.init(message: failure.message, code: isRun ? failure.code.runExitStatus : failure.code.exitStatus)
        default: self.init(message: "\(error)", status: isRun ? .engine : .failure)
        }
    }
}
