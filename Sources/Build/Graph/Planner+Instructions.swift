// SPDX-License-Identifier: Apache-2.0

import Compose
import OCI

extension Planner {
    /// Goes through an instruction of a stage.
    mutating func evaluate(_ instruction: Instruction, _ state: inout StageState) throws(BuildProblem) {
        switch instruction.content {
        case .from: return
        case .arg(let declarations): try declare(declarations, instruction, &state)
        case .maintainer(let name):
            state.stage.author = name
            addMetadata("MAINTAINER \(name)", instruction, state)
        case .run(let run): try addRun(run, instruction, &state)
        case .copy(let copy), .add(let copy): try addCopy(copy, instruction, &state)
        default: try change(instruction, &state)
        }
    }

    private mutating func addMetadata(_ text: String, _ instruction: Instruction, _ state: StageState) {
        _ = add(.metadata, text, stage: state.stage.index, at: instruction.place)
    }

    // MARK: Arguments

    private mutating func declare(
        _ declarations: [ArgumentDeclaration],
        _ instruction: Instruction,
        _ state: inout StageState
    ) throws(BuildProblem) {
        var texts: [String] = []
        for declaration in declarations {
            let name = declaration.name.text
            var isGlobal = false
            var value = request.arguments[name]
            if value != nil {
                markUsed(name)
            } else if let text = declaration.defaultValue {
                // The arguments of one instruction see those before them.
                var filling = Filling(expander, state.scope.values)
                value = try filling.text(text, at: declaration.name.place)
                reportUndefined(filling, state)
                try count(filling)
            } else {
                value = globals[name] ?? nil
                isGlobal = globalDeclarations[name] != nil
            }
            if let value { try state.scope.set(name, value) } else { state.scope.declare(name) }
            let argument = StageParameters.Argument(
                name: name,
                value: value,
                description: instruction.description(of: name),
                place: declaration.name.place
            )
            let noted = (isGlobal ? globalDeclarations[name] : nil) ?? argument
            if !state.stage.parameters.arguments.contains(where: { $0.name == name }) {
                state.stage.parameters.arguments.append(noted)
            }
            texts.append(name + (value.map { "=" + $0 } ?? ""))
        }
        addMetadata("ARG " + texts.joined(separator: " "), instruction, state)
    }

    // MARK: Config

    private mutating func change(_ instruction: Instruction, _ state: inout StageState) throws(BuildProblem) {
        var filling = Filling(expander, state.scope.values)
        lintConfig(instruction, state)
        let text: String
        do {
            text = try state.changes.apply(instruction.content, &filling)
        } catch {
            reportUndefined(filling, state)
            throw error
        }
        reportUndefined(filling, state)
        try count(filling)
        state.lastOf[instruction.keyword] = instruction.place
        switch instruction.content {
        case .env: for (name, value) in state.changes.assigned { try state.scope.set(name, value) }
        case .workdir(let word):
            lintDirectory(try filling.text(word), word, state)
            state.hasDirectory = true
            if state.directory != "/" {
                let step = MakeFolderStep(
                    base: state.stage.files,
                    path: state.directory,
                    owner: state.changes.config.user ?? ""
                )
                state.stage.files = add(.makeFolder(step), text, stage: state.stage.index, at: instruction.place)
                return
            }
        case .expose(let words): try lintPorts(words, filling)
        default: break
        }
        addMetadata(text, instruction, state)
    }

    private mutating func lintConfig(_ instruction: Instruction, _ state: StageState) {
        let keyword = instruction.keyword
        switch instruction.content {
        case .cmd(let command), .entrypoint(let command):
            // Who sets a shell wants one.
            if case .shell = command.form, (state.changes.config.shell ?? []).isEmpty {
                linter.report(
                    .jsonArgsRecommended,
                    "JSON arguments recommended for \(instruction.name.text) to prevent unintended behavior related to OS "
                        + "signals",
                    at: instruction.place
                )
            }
        case .healthcheck: break
        default: return
        }
        // It is the one before that has no effect.
        if let before = state.lastOf[keyword] {
            linter.report(
                .multipleInstructionsDisallowed,
                "Multiple \(instruction.name.text) instructions should not be used in the same stage because only the last one "
                    + "will be used",
                at: before
            )
        }
    }

    private mutating func lintDirectory(_ path: String, _ word: Word, _ state: StageState) {
        if state.hasDirectory || path.hasPrefix("/") { return }
        linter.report(
            .workdirRelativePath,
            "Relative workdir \"\(path)\" can have unexpected results if the base image changes",
            at: word.place
        )
    }

    private mutating func lintPorts(_ words: [Word], _ filling: Filling) throws(BuildProblem) {
        var filling = filling
        for word in words {
            for text in try filling.words(word) {
                guard let exposed = ExposedPorts(text) else { continue }
                if exposed.transport != exposed.transport.lowercased() {
                    linter.report(
                        .exposeProtoCasing,
                        "Defined protocol '\(text)' in EXPOSE instruction should be lowercase",
                        at: word.place
                    )
                }
                if exposed.namesHost {
                    linter.report(
                        .exposeInvalidFormat,
                        "EXPOSE instruction should not define an IP address or host-port mapping, found '\(text)'",
                        at: word.place
                    )
                }
            }
        }
    }

    // MARK: Variables

    /// A near name that is known, as Docker puts it.
    func hint(_ name: String, _ names: [String], _ sign: String) -> String {
        Suggestions.nearest(to: name, in: names).map { " (did you mean \(sign)\($0)?)" } ?? ""
    }

    /// Tells of variables that nobody has set.
    ///
    /// An image whose config is not known may have set any. By convention the variables of images are in upper case, so that
    /// others count, and those that are like one that is known.
    mutating func reportUndefined(_ filling: Filling, _ state: StageState) {
        for word in filling.missing where !state.scope.declared.contains(word.text) {
            var names = state.scope.values.keys.sorted()
            // The search path is there in any case, and says nothing about what others may be.
            if state.hasUnknownBase { names.removeAll { $0 == "PATH" } }
            let hint = hint(word.text, names, "$")
            if state.hasUnknownBase, word.text == word.text.uppercased(), hint.isEmpty { continue }
            linter.report(.undefinedVar, "Usage of undefined variable '$\(word.text)'" + hint, at: word.place)
        }
    }
}
