// SPDX-License-Identifier: Apache-2.0

import OCI

/// Understands one instruction.
struct InstructionParser {
    let keyword: Keyword
    /// What follows the keyword.
    let text: LineText
    let escape: Unicode.Scalar
    let heredocs: [Heredoc]

    /// What the instruction says.
    ///
    /// - Throws: ``BuildProblem``, perhaps without a place.
    func content() throws(BuildProblem) -> Instruction.Content {
        let (given, arguments) = text.takingFlags()
        let flags = try FlagSet(given, Self.flags[keyword] ?? [:], of: keyword)
        // An empty command is one that does nothing.
        if arguments.isEmpty, ![.cmd, .entrypoint, .run].contains(keyword) {
            throw BuildProblem("\(keyword.rawValue) requires an argument")
        }
        switch keyword {
        case .add: return .add(try copy(arguments, flags))
        case .arg: return .arg(try declarations(arguments))
        case .cmd: return .cmd(try command(arguments))
        case .copy: return .copy(try copy(arguments, flags))
        case .entrypoint: return .entrypoint(try command(arguments))
        case .env: return .env(try assignments(arguments))
        case .expose: return .expose(arguments.fields)
        case .from: return .from(try from(arguments, flags))
        case .healthcheck: return .healthcheck(try healthcheck(arguments, flags))
        case .label: return .label(try assignments(arguments))
        case .maintainer: return .maintainer(arguments.string)
        case .onbuild: return .onbuild(try trigger(arguments))
        case .run: return .run(try run(arguments, flags))
        case .shell: return .shell(try shell(arguments))
        case .stopsignal: return .stopsignal(arguments.word)
        case .user: return .user(arguments.word)
        case .volume: return .volume(try volumes(arguments))
        case .workdir: return .workdir(arguments.word)
        }
    }

    /// The flags of each instruction: https://docs.docker.com/reference/dockerfile/.
    private static let flags: [Keyword: [String: FlagSet.Kind]] = [
        .add: [
            "checksum": .text, "chmod": .text, "chown": .text, "exclude": .list, "keep-git-dir": .boolean,
            "link": .boolean, "unpack": .boolean,
        ],
        .copy: [
            "chmod": .text, "chown": .text, "exclude": .list, "from": .text, "link": .boolean, "parents": .boolean,
        ],
        .from: ["platform": .text],
        .healthcheck: [
            "interval": .text, "retries": .text, "start-interval": .text, "start-period": .text, "timeout": .text,
        ],
        .run: ["device": .list, "mount": .list, "network": .text, "security": .text],
    ]

    // MARK: Stages and variables

    private func from(_ text: LineText, _ flags: FlagSet) throws(BuildProblem) -> FromInstruction {
        let fields = text.fields
        let isNamed = fields.count == 3 && fields[1].text.lowercased() == "as"
        guard fields.count == 1 || isNamed else {
            throw BuildProblem("FROM is `FROM image` or `FROM image AS name`", at: text.place)
        }
        let instruction = FromInstruction(
            base: fields[0],
            platform: flags.text("platform"),
            separator: isNamed ? fields[1] : nil,
            alias: isNamed ? fields[2] : nil
        )
        if let name = instruction.stageName, !Self.isStageName(name) {
            throw BuildProblem(
                "`\(fields[2].text.shown)` cannot be the name of a stage: it begins with a letter, and goes on with letters, "
                    + "digits, `-`, `_` and `.`",
                at: fields[2].place
            )
        }
        return instruction
    }

    private static func isStageName(_ name: String) -> Bool {
        guard let first = name.utf8.first, (0x61...0x7A).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || "-_.".utf8.contains(byte)
        }
    }

    private func declarations(_ text: LineText) throws(BuildProblem) -> [ArgumentDeclaration] {
        var declarations: [ArgumentDeclaration] = []
        for word in text.words(escape: escape) {
            let (name, value) = Self.parts(of: word)
            if name.text.isEmpty { throw BuildProblem("the name in `\(word.text.shown)` is empty", at: word.place) }
            declarations.append(ArgumentDeclaration(name: name, defaultValue: value))
        }
        return declarations
    }

    private func assignments(_ text: LineText) throws(BuildProblem) -> Assignments {
        let words = text.words(escape: escape)
        guard let first = words.first else { throw BuildProblem("\(keyword.rawValue) requires an argument") }
        // A blank before the first `=` is the old form, in which all the rest is the value.
        if !first.text.contains("=") {
            let (name, value) = text.split
            if value.isEmpty {
                throw BuildProblem(
                    "`\(name.text.shown)` has no value; write `\(name.text.shown)=value`",
                    at: name.place
                )
            }
            return Assignments(pairs: [Assignments.Pair(name: name, value: value.string)], isLegacy: true)
        }
        var pairs: [Assignments.Pair] = []
        for word in words {
            let (name, value) = Self.parts(of: word)
            guard let value else {
                throw BuildProblem("`\(word.text.shown)` is not of the form name=value", at: word.place)
            }
            if name.text.isEmpty { throw BuildProblem("the name in `\(word.text.shown)` is empty", at: word.place) }
            pairs.append(Assignments.Pair(name: name, value: value))
        }
        return Assignments(pairs: pairs, isLegacy: false)
    }

    private static func parts(of word: Word) -> (name: Word, value: String?) {
        let parts = word.text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (Word(String(parts[0]), at: word.place), parts.count > 1 ? String(parts[1]) : nil)
    }

    // MARK: Commands

    private func command(_ text: LineText) throws(BuildProblem) -> CommandLine {
        if let words = try text.stringList() { return CommandLine(form: .exec(words), place: text.place) }
        return CommandLine(form: .shell(text.string), heredocs: heredocs, place: text.place)
    }

    private func run(_ text: LineText, _ flags: FlagSet) throws(BuildProblem) -> RunInstruction {
        let command = try command(text)
        if command.form == .exec([]) { throw BuildProblem("RUN has no program to run", at: text.place) }
        return RunInstruction(
            command: command,
            mounts: flags.list("mount"),
            network: try Self.choice(flags.text("network"), "network") ?? .default,
            security: try Self.choice(flags.text("security"), "security") ?? .sandbox,
            devices: flags.list("device")
        )
    }

    private static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ word: Word?,
        _ flag: String
    ) throws(BuildProblem) -> Choice? {
        guard let word else { return nil }
        guard let choice = Choice(rawValue: word.text) else {
            let names = Choice.allCases.map(\.rawValue)
            throw BuildProblem(
                "`--\(flag)=\(word.text.shown)` of RUN is none of \(names.joined(separator: ", "))",
                at: word.place,
                word: word.text,
                among: names
            )
        }
        return choice
    }

    private func shell(_ text: LineText) throws(BuildProblem) -> [String] {
        guard let words = try text.stringList() else {
            throw BuildProblem("SHELL wants a list in JSON form, such as `[\"/bin/sh\", \"-c\"]`", at: text.place)
        }
        if words.isEmpty { throw BuildProblem("the list of SHELL is empty", at: text.place) }
        return words
    }

    private func trigger(_ text: LineText) throws(BuildProblem) -> Trigger {
        let (name, rest) = text.split
        guard let keyword = Keyword(rawValue: name.text.uppercased()) else {
            throw BuildProblem(
                "unknown instruction `\(name.text.shown)` behind ONBUILD",
                at: name.place,
                word: name.text,
                among: Keyword.allCases.map(\.rawValue)
            )
        }
        if keyword == .onbuild {
            throw BuildProblem("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", at: name.place)
        }
        if keyword == .from || keyword == .maintainer {
            throw BuildProblem("\(keyword.rawValue) isn't allowed as an ONBUILD trigger", at: name.place)
        }
        // What is wrong is told now, and not to those who build on top of the image.
        do {
            _ = try InstructionParser(keyword: keyword, text: rest, escape: escape, heredocs: heredocs).content()
        } catch {
            throw error.located(at: name.place)
        }
        let documents = heredocs.map { "\n" + $0.content + $0.name }.joined()
        return Trigger(keyword: keyword, text: text.string + documents)
    }

    private func volumes(_ text: LineText) throws(BuildProblem) -> [Word] {
        let words = try text.listOrFields()
        if words.isEmpty { throw BuildProblem("VOLUME requires an argument") }
        return words
    }
}
