// SPDX-License-Identifier: Apache-2.0

/// Collects what the rules find.
struct Linter {
    let options: LintOptions
    private var seen: Set<LintFinding> = []

    init(_ options: LintOptions) {
        self.options = options
    }

    mutating func report(_ rule: LintRule, _ message: String, at place: SourcePlace) {
        guard options.uses(rule), seen.count < Limits.problems else { return }
        seen.insert(LintFinding(rule: rule, message: message, place: place))
    }

    /// What was found, in the order of the file.
    var findings: [LintFinding] {
        seen.sorted { one, other in
            if one.place != other.place { return one.place < other.place }
            return (one.rule.rawValue, one.message) < (other.rule.rawValue, other.message)
        }
    }

    // MARK: Rules that need no variables

    /// Checks what can be told by looking at the file alone.
    mutating func check(_ dockerfile: Dockerfile) {
        checkCasing(dockerfile)
        checkNames(dockerfile)
        for instruction in dockerfile.instructions {
            if let place = instruction.emptyLine { report(.noEmptyContinuation, "Empty continuation line", at: place) }
            check(instruction)
        }
    }

    private mutating func checkCasing(_ dockerfile: Dockerfile) {
        let names = dockerfile.stages.flatMap { [$0.instruction.name] + $0.instructions.map(\.name) }
        let lower = names.count { $0.text == $0.text.lowercased() }
        let upper = names.count { $0.text == $0.text.uppercased() }
        let wantsLower = lower > upper
        for name in names {
            let wanted = wantsLower ? name.text.lowercased() : name.text.uppercased()
            if name.text == wanted { continue }
            report(
                .consistentInstructionCasing,
                "Command '\(name.text)' should match the case of the command majority "
                    + "(\(wantsLower ? "lowercase" : "uppercase"))",
                at: name.place
            )
        }
    }

    private mutating func checkNames(_ dockerfile: Dockerfile) {
        var seen: Set<String> = []
        for stage in dockerfile.stages {
            let keyword = stage.instruction.name
            if let separator = stage.from.separator {
                let isLower = keyword.text == keyword.text.lowercased()
                let wanted = isLower ? separator.text.lowercased() : separator.text.uppercased()
                if separator.text != wanted {
                    report(
                        .fromAsCasing,
                        "'\(separator.text)' and '\(keyword.text)' keywords' casing do not match",
                        at: separator.place
                    )
                }
            }
            guard let alias = stage.from.alias, let name = stage.from.stageName else { continue }
            if alias.text != name {
                report(.stageNameCasing, "Stage name '\(alias.text)' should be lowercase", at: alias.place)
            }
            if name == "context" || name == "scratch" {
                report(
                    .reservedStageName,
                    "Stage name should not use the same name as reserved stage \"\(name)\"",
                    at: alias.place
                )
            }
            if !seen.insert(name).inserted {
                report(
                    .duplicateStageName,
                    "Duplicate stage name \"\(name)\", stage names should be unique",
                    at: alias.place
                )
            }
            checkDescription("FROM", [name], stage.instruction)
        }
    }

    private mutating func check(_ instruction: Instruction) {
        switch instruction.content {
        case .arg(let declarations):
            for declaration in declarations { checkSecret("ARG", declaration.name) }
            checkDescription("ARG", declarations.map(\.name.text), instruction)
        case .env(let assignments):
            for pair in assignments.pairs { checkSecret("ENV", pair.name) }
            checkForm(assignments, instruction)
        case .label(let assignments): checkForm(assignments, instruction)
        case .maintainer:
            report(
                .maintainerDeprecated,
                "Maintainer instruction is deprecated in favor of using label",
                at: instruction.place
            )
        default: break
        }
    }

    private mutating func checkForm(_ assignments: Assignments, _ instruction: Instruction) {
        guard assignments.isLegacy else { return }
        let keyword = instruction.keyword.rawValue
        report(
            .legacyKeyValueFormat,
            "\"\(keyword) key=value\" should be used instead of legacy \"\(keyword) key value\" format",
            at: instruction.place
        )
    }

    private static let secretWords: Set<Substring> = [
        "apikey", "auth", "credential", "credentials", "key", "passwd", "password", "pword", "secret", "token",
    ]
    /// What makes a name with one of these words harmless: `PUBLIC_KEY`, `PASSWORD_FILE`.
    private static let harmlessWords: Set<Substring> = ["file", "public", "version"]

    private mutating func checkSecret(_ keyword: String, _ name: Word) {
        let words = Set(name.text.lowercased().split(separator: "_"))
        if words.isDisjoint(with: Self.secretWords) || !words.isDisjoint(with: Self.harmlessWords) { return }
        report(
            .secretsUsedInArgOrEnv,
            "Do not use ARG or ENV instructions for sensitive data (\(keyword) \"\(name.text)\")",
            at: name.place
        )
    }

    private mutating func checkDescription(_ keyword: String, _ names: [String], _ instruction: Instruction) {
        guard !instruction.comments.isEmpty else { return }
        for name in names where instruction.description(of: name) == nil {
            report(
                .invalidDefinitionDescription,
                "Comment for \(keyword) should follow the format: `# \(name) <description>`",
                at: instruction.place
            )
        }
    }
}

extension Instruction {
    /// What the comments right above say about a stage or an argument: `# name text`.
    package func description(of name: String) -> String? {
        comments.first { $0.hasPrefix(name + " ") }.map { String($0.dropFirst(name.count + 1)).trimmed }
    }
}
