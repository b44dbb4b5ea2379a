// SPDX-License-Identifier: Apache-2.0

import Glibc

/// In which form a command tells how far it is.
package enum ProgressMode: Equatable, Sendable {
    /// Lines that are drawn again in their place.
    case terminal
    /// A line for each change.
    case plain
    /// An object in a line of its own for each change.
    case json
    /// Nothing at all.
    case quiet

    /// A wish that cannot be met, in the words of Docker Compose.
    package enum Refusal: Error, Equatable, CustomStringConvertible {
        case unknown(String)
        case plainWithColour
        case terminalWithoutColour

        package var description: String {
            switch self {
            case .unknown(let word): "unsupported --progress value \"\(word)\""
            case .plainWithColour: "can't use --progress plain while ANSI support is forced"
            case .terminalWithoutColour: "can't use --progress tty while ANSI support is disabled"
            }
        }
    }

    /// Chooses the form.
    ///
    /// - Parameters:
    ///   - word: What `--progress` or `COMPOSE_PROGRESS` says: `auto`, `tty`, `plain`, `json`, `quiet` or `none`; `auto` also
    ///     if it is empty.
    ///   - colour: What `--ansi` says, which is about all control sequences here.
    ///   - isTerminal: Whether the stream of the progress, and no other one, is a terminal that can be drawn on.
    ///   - variables: A value of the environment by its name.
    /// - Returns: The form.
    /// - Throws: What cannot be had, or not together.
    package static func choose(
        _ word: String,
        colour: ColourChoice = .automatic,
        isTerminal: Bool,
        variables: (String) -> String? = { getenv($0).map { String(cString: $0) } }
    ) throws(Refusal) -> Self {
        switch word {
        case "", "auto":
            let isAutomated = !["", "0", "false"].contains(variables("CI")?.lowercased() ?? "")
            return isTerminal && colour != .never && !isAutomated ? .terminal : .plain
        case "tty":
            if colour == .never { throw .terminalWithoutColour }
            return .terminal
        case "plain":
            if colour == .always { throw .plainWithColour }
            return .plain
        case "json": return .json
        case "quiet", "none": return .quiet
        default: throw .unknown(word)
        }
    }
}
