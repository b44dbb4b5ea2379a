// SPDX-License-Identifier: Apache-2.0

package import OCI

/// An instruction with its place.
package struct Instruction: Sendable {
    package var keyword: Keyword
    /// The keyword as it is written.
    package var name: Word
    /// The instruction as one line, without the here-documents.
    package var text: String
    /// The last line of the file that belongs to it.
    package var lastLine: Int
    /// The comments right above.
    package var comments: [String]
    /// The first blank line among those that continue it.
    package var emptyLine: SourcePlace?
    package var content: Content

    /// Where it begins.
    package var place: SourcePlace { name.place }

    /// What it says.
    package enum Content: Sendable {
        case add(CopyInstruction)
        case arg([ArgumentDeclaration])
        case cmd(CommandLine)
        case copy(CopyInstruction)
        case entrypoint(CommandLine)
        case env(Assignments)
        case expose([Word])
        case from(FromInstruction)
        case healthcheck(ContainerConfig.Healthcheck)
        case label(Assignments)
        case maintainer(String)
        case onbuild(Trigger)
        case run(RunInstruction)
        case shell([String])
        case stopsignal(Word)
        case user(Word)
        case volume([Word])
        case workdir(Word)
    }
}

/// `FROM [--platform=…] base [AS name]`: a stage begins.
package struct FromInstruction: Sendable {
    /// An image, a stage before or `scratch`; variables are not filled in yet.
    package var base: Word
    package var platform: Word?
    /// `AS` as it is written.
    package var separator: Word?
    /// The name of the stage as it is written.
    package var alias: Word?

    /// The name of the stage in lower case.
    package var stageName: String? { alias?.text.lowercased() }
}

/// `NAME` or `NAME=default` of ARG.
package struct ArgumentDeclaration: Sendable {
    package var name: Word
    package var defaultValue: String?
}

/// What ENV and LABEL set.
package struct Assignments: Sendable {
    /// `name=value`; variables are not filled in yet.
    package struct Pair: Sendable {
        package var name: Word
        package var value: String
    }

    package var pairs: [Pair]
    /// Whether it is the old form with a blank: `ENV name value`.
    package var isLegacy: Bool
}

/// A program with its arguments, or a text for the shell.
package struct CommandLine: Sendable {
    /// The form in which it is written.
    package enum Form: Equatable, Sendable {
        case exec([String])
        case shell(String)
    }

    package var form: Form
    package var heredocs: [Heredoc] = []
    package var place: SourcePlace

    /// The words to execute.
    ///
    /// - Parameter shell: What runs the shell form; nil for the default.
    /// - Returns: The words of the exec form, or those of the shell with the text behind them.
    package func words(shell: [String]?) -> [String] {
        switch form {
        case .exec(let words): words
        case .shell(let text): (shell.flatMap { $0.isEmpty ? nil : $0 } ?? Self.defaultShell) + [text]
        }
    }

    /// What runs the shell form where SHELL is not used.
    package static let defaultShell = ["/bin/sh", "-c"]
}

/// An instruction for the builds on top of the image.
package struct Trigger: Sendable {
    package var keyword: Keyword
    /// The instruction as one line, with its here-documents below.
    package var text: String
}

/// `RUN`: a program changes the files.
package struct RunInstruction: Sendable {
    package var command: CommandLine
    /// The values of `--mount`; variables are not filled in yet.
    package var mounts: [Word]
    package var network: Network
    package var security: Security
    /// The names of the devices, as the container device interface has them.
    package var devices: [Word]

    package enum Network: String, CaseIterable, Sendable {
        case `default`
        case none
        case host
    }

    package enum Security: String, CaseIterable, Sendable {
        case sandbox
        case insecure
    }
}

/// `COPY` and `ADD`: files come in from elsewhere.
package struct CopyInstruction: Sendable {
    /// Paths, patterns and, for ADD, addresses; variables are not filled in yet.
    package var sources: [Word]
    /// Sources that stand in the Dockerfile itself.
    package var heredocs: [Heredoc]
    package var destination: Word
    /// A stage, a named context or an image.
    package var from: Word?
    package var owner: Word?
    package var mode: Word?
    /// Whether the files become a layer that does not depend on what is below.
    package var isLinked: Bool
    /// Whether the folders above the sources are made as well.
    package var keepsParents: Bool
    package var excluded: [Word]
    package var checksum: Word?
    package var keepsGitFolder: Bool
    /// Whether archives are unpacked; nil for the default.
    package var unpacks: Bool?
}
