// SPDX-License-Identifier: Apache-2.0

import OCI
import Patterns

extension Planner {
    /// Adds the step of a `COPY` or `ADD`.
    mutating func addCopy(
        _ copy: CopyInstruction,
        _ instruction: Instruction,
        _ state: inout StageState
    ) throws(BuildProblem) {
        let isAdd = instruction.keyword == .add
        var filling = Filling(expander, state.scope.values)
        let owner = try copy.owner.map { word throws(BuildProblem) in try filling.text(word) }
        let checksum = try copy.checksum.map { word throws(BuildProblem) in try filling.text(word) }
        let from = try copy.from.map { word throws(BuildProblem) in Word(try filling.text(word), at: word.place) }
        var excluded: [String] = []
        for word in copy.excluded { excluded.append(try filling.text(word)) }
        let mode = try mode(copy.mode, &filling)
        let place = try destination(copy.destination, &filling, state)
        var items: [CopyStep.Item] = []
        let files = try from.map { word throws(BuildProblem) in try self.files(of: word, &state) }
        for source in copy.sources {
            let path = try filling.text(source)
            items.append(
                try item(Word(path, at: source.place), copy, checksum, isAdd: isAdd, from: files)
            )
        }
        for heredoc in copy.heredocs {
            let file = InlineFile(name: heredoc.name, content: try filling.body(of: heredoc))
            items.append(CopyStep.Item(step: nil, path: heredoc.name, file: file))
        }
        reportUndefined(filling, state)
        try count(filling)
        if from == nil { for item in items { lintIgnored(item, instruction) } }
        let step = CopyStep(
            base: copy.isLinked ? nil : state.stage.files,
            below: state.stage.files,
            sources: items,
            destination: place,
            owner: owner,
            mode: mode,
            isLinked: copy.isLinked,
            keepsParents: copy.keepsParents,
            excluded: excluded,
            unpacks: isAdd && copy.unpacks != false,
            unpacksRemote: isAdd && copy.unpacks == true
        )
        let text = Self.history(copy, step, instruction)
        state.stage.files = add(.copy(step), text, stage: state.stage.index, at: instruction.place)
    }

    private func mode(_ word: Word?, _ filling: inout Filling) throws(BuildProblem) -> FileMode? {
        guard let word else { return nil }
        let text = Word(try filling.text(word), at: word.place)
        try InstructionParser.checkMode(text)
        return FileMode(text.text)
    }

    /// The absolute destination; a slash at the end stays.
    private func destination(
        _ word: Word,
        _ filling: inout Filling,
        _ state: StageState
    ) throws(BuildProblem) -> String {
        let text = try filling.text(word)
        let path = text.path(from: state.directory)
        let isFolder = text.isEmpty || text.hasSuffix("/") || text == "."
        return isFolder && path != "/" ? path + "/" : path
    }

    // MARK: Sources

    private mutating func item(
        _ source: Word,
        _ copy: CopyInstruction,
        _ checksum: String?,
        isAdd: Bool,
        from files: StepID??
    ) throws(BuildProblem) -> CopyStep.Item {
        guard let remote = RemoteSource(source.text), files == nil else {
            if checksum != nil {
                throw BuildProblem(
                    "`--checksum` is for addresses, and `\(source.text.shown)` is a path",
                    at: source.place
                )
            }
            if let files { return CopyStep.Item(step: files, path: source.text.path(from: "/"), file: nil) }
            return CopyStep.Item(step: context(at: source.place), path: Self.path(source.text), file: nil)
        }
        guard isAdd else {
            throw BuildProblem(
                "COPY cannot copy from the address `\(source.text.shown)`",
                at: source.place,
                help: "ADD can"
            )
        }
        if checksum != nil, copy.sources.count > 1 {
            throw BuildProblem("`--checksum` is for one source, and there are \(copy.sources.count)", at: source.place)
        }
        if let checksum { try Self.check(checksum, remote, source) }
        let (operation, name): (BuildStep.Source, String) =
            switch remote {
            case .http: (.http(source.text, checksum: checksum), CopyStep.fileName(of: source.text))
            case .git: (.git(source.text, keepsGitFolder: copy.keepsGitFolder, checksum: checksum), "")
            }
        return CopyStep.Item(step: step(for: operation, source.text, at: source.place), path: name, file: nil)
    }

    /// A path of the context with `..` held back at its root; a pivot of `--parents` stays.
    private static func path(_ text: String) -> String {
        guard let pivot = text.firstRange(of: "/./") else { return text.path(from: "/") }
        let (above, below) = (String(text[..<pivot.lowerBound]), String(text[pivot.upperBound...]))
        return above.path(from: "/") + "/." + below.path(from: "/")
    }

    private static func check(_ checksum: String, _ remote: RemoteSource, _ source: Word) throws(BuildProblem) {
        let isRight: Bool =
            switch remote {
            case .http: Digest(checksum)?.algorithm == .sha256
            case .git:
                (7...64).contains(checksum.utf8.count)
                    && checksum.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
            }
        if isRight { return }
        throw BuildProblem(
            "`--checksum=\(checksum.shown)` is no checksum of `\(source.text.shown)`: write "
                + (remote == .git ? "the digits of a commit" : "sha256: and 64 digits"),
            at: source.place
        )
    }

    private mutating func lintIgnored(_ item: CopyStep.Item, _ instruction: Instruction) {
        // Where something is taken back, only the files themselves can tell.
        guard let ignored = request.ignored, !ignored.hasExceptions, item.path.hasPrefix("/") else { return }
        let path = String(item.path.drop { $0 == "/" })
        guard !path.isEmpty, ignored.matches(path) else { return }
        linter.report(
            .copyIgnoredFile,
            "Attempting to \(instruction.keyword == .add ? "Add" : "Copy") file \"\(path)\" that is excluded by "
                + ".dockerignore",
            at: instruction.place
        )
    }

    private static func history(_ copy: CopyInstruction, _ step: CopyStep, _ instruction: Instruction) -> String {
        var words = [instruction.keyword.rawValue]
        if step.keepsParents { words.append("--parents") }
        if let owner = step.owner { words.append("--chown=\(owner)") }
        if let mode = copy.mode { words.append("--chmod=\(mode.text)") }
        words += copy.sources.map(\.text) + copy.heredocs.map { "<<\($0.name)" }
        return (words + [step.destination, "# buildkit"]).joined(separator: " ")
    }
}
