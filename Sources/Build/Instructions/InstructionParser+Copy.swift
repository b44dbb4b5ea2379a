// SPDX-License-Identifier: Apache-2.0

extension InstructionParser {
    /// What `COPY` and `ADD` say.
    func copy(_ text: LineText, _ flags: FlagSet) throws(BuildProblem) -> CopyInstruction {
        let words = try text.listOrFields()
        guard words.count > 1, let destination = words.last else {
            throw BuildProblem(
                "\(keyword.rawValue) requires at least two arguments: what to copy, and where to",
                at: text.place
            )
        }
        var instruction = CopyInstruction(
            sources: [],
            heredocs: [],
            destination: destination,
            from: flags.text("from"),
            owner: flags.text("chown"),
            mode: flags.text("chmod"),
            isLinked: flags.isSet("link"),
            keepsParents: flags.isSet("parents"),
            excluded: flags.list("exclude"),
            checksum: flags.text("checksum"),
            keepsGitFolder: flags.isSet("keep-git-dir"),
            unpacks: flags.optional("unpack")
        )
        if !heredocs.isEmpty, Heredoc(destination.text) != nil {
            throw BuildProblem("a here-document cannot be the destination", at: destination.place)
        }
        for source in words.dropLast() {
            if let start = Heredoc(source.text), let heredoc = heredocs.first(where: { $0.name == start.name }) {
                instruction.heredocs.append(heredoc)
            } else {
                instruction.sources.append(source)
            }
        }
        if let mode = instruction.mode, !mode.text.contains("$") { try Self.checkMode(mode) }
        try checkFrom(instruction)
        return instruction
    }

    private func checkFrom(_ instruction: CopyInstruction) throws(BuildProblem) {
        guard let from = instruction.from else { return }
        if from.text.isEmpty { throw BuildProblem("`--from` of COPY is empty", at: from.place) }
        if !instruction.heredocs.isEmpty {
            throw BuildProblem(
                "COPY with `--from` cannot copy here-documents: they are in no other stage",
                at: from.place
            )
        }
    }

    /// Refuses a mode that is neither octal nor symbolic.
    ///
    /// - Parameter word: `644`, `0755`, or `u=rwX,go=rX` and its like.
    /// - Throws: ``BuildProblem`` for anything else.
    static func checkMode(_ word: Word) throws(BuildProblem) {
        guard word.text.isEmpty || FileMode(word.text) != nil else {
            throw BuildProblem(
                "`--chmod=\(word.text.shown)` is no mode: write it in octal digits such as 0755, or as chmod takes it, "
                    + "such as u=rwX,go=rX",
                at: word.place
            )
        }
    }
}

/// The mode that `--chmod` gives to files.
package enum FileMode: Hashable, Sendable {
    case octal(UInt16)
    /// Changes, one after the other.
    case symbolic([Change])

    /// One change of a symbolic mode: `go+rX`.
    package struct Change: Hashable, Sendable {
        /// The letters of `ugo`; all where it is empty.
        package var who: String
        package var operation: Unicode.Scalar
        /// The letters of `rwxXstugo`.
        package var permissions: String
    }

    /// Reads a mode; nil comes back for what is none.
    package init?(_ text: String) {
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x37).contains($0) }) {
            guard let number = UInt16(text, radix: 8), number <= 0o7777 else { return nil }
            self = .octal(number)
            return
        }
        var changes: [Change] = []
        for clause in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let found = Self.changes(Array(clause.unicodeScalars)[...]) else { return nil }
            changes += found
        }
        guard !changes.isEmpty else { return nil }
        self = .symbolic(changes)
    }

    private static func changes(_ clause: ArraySlice<Unicode.Scalar>) -> [Change]? {
        let who = clause.prefix { "ugoa".unicodeScalars.contains($0) }
        var rest = clause.dropFirst(who.count)
        var changes: [Change] = []
        while let operation = rest.popFirst() {
            guard "+-=".unicodeScalars.contains(operation) else { return nil }
            let permissions = rest.prefix { "rwxXstugo".unicodeScalars.contains($0) }
            rest = rest.dropFirst(permissions.count)
            changes.append(
                Change(
                    who: who.contains("a") ? "" : String(who),
                    operation: operation,
                    permissions: String(permissions)
                )
            )
        }
        return changes.isEmpty ? nil : changes
    }
}
