// SPDX-License-Identifier: Apache-2.0

/// Whether a tool takes a project or refuses it.
package enum Decision: String, Sendable {
    case accept
    case reject
}

/// One named set of files together with the commands to run on it.
package struct Case: Sendable {
    /// The sentence that names the case.
    package var name: String
    /// The file the case stands in and the line of its heading.
    package var place: String
    /// The text of the case, which holds all that the tools get to see.
    package var source = ""
    package var files: [CaseFile] = []
    package var runs: [Run] = []
    /// Variables of both tools, in the form `NAME=value`.
    package var environment: [String] = []
    /// The folder the tools start in, relative to the project folder.
    package var workingDirectory = ""
    /// The file both tools read as their standard input.
    package var input: String?
    /// A file that both tools write and whose content is compared as well.
    package var output: String?
    package var deviation: Deviation?
    /// What is done one after the other, in cases that are scenarios.
    package var steps: [Step] = []
    /// The names of the deliberate differences that a scenario shows.
    package var differences: [String] = []

    package init(name: String, place: String) {
        self.name = name
        self.place = place
    }
}

/// One file, folder or symbolic link of a case.
package struct CaseFile: Sendable {
    package enum Content: Sendable {
        case bytes([UInt8])
        case directory
        case link(to: String)
    }

    /// The path relative to the project folder, or to the home folder when it starts with `~/`.
    package var path: String
    package var content: Content
    package var mode: UInt32?
}

/// One command that both tools carry out.
package struct Run: Sendable {
    package var arguments: [String]
    /// What the reference tool is known to do, nil when nobody has said.
    package var expectation: Decision?

    package init(arguments: [String], expectation: Decision? = nil) {
        self.arguments = arguments
        self.expectation = expectation
    }

    /// The commands of a case that names none itself.
    ///
    /// The first one decides; the others are worth running only when it is accepted.
    package static func standard(expectation: Decision?) -> [Run] {
        let options = [
            [], ["--format", "json"], ["--services"], ["--volumes"], ["--networks"], ["--images"], ["--profiles"],
        ]
        return options.map { Run(arguments: ["config"] + $0, expectation: expectation) }
    }
}

/// What wharf does on purpose where it does not follow the reference tool.
///
/// The reason stands in the table of deviations, under the name of the case.
package struct Deviation: Sendable {
    package var decision: Decision
    /// The output of the first command, when wharf accepts.
    package var output: [UInt8]?
    /// Whether the reference tool may be run at all.
    package var runsReference = true
}

/// One step of a scenario.
package struct Step: Sendable {
    package enum Kind: String, Sendable {
        /// A command of the tool, as words.
        case run
        /// The same, whose output is compared as well.
        case out
        /// A script of bash.
        case shell = "sh"
        /// A request to the engine: its method, its path and perhaps its body.
        case api
    }

    package var kind: Kind
    package var text: String
}
