// SPDX-License-Identifier: Apache-2.0

/// Which rules are used, and what comes of what they find: `# check=skip=A,B;error=true;experimental=all`.
package struct LintOptions: Equatable, Sendable {
    /// Some of the rules, or all.
    package enum Selection: Equatable, Sendable {
        case all
        case named(Set<String>)

        func contains(_ rule: LintRule) -> Bool {
            switch self {
            case .all: true
            case .named(let names): names.contains(rule.rawValue)
            }
        }
    }

    /// The rules that are not used.
    package var skipped = Selection.named([])
    /// The experimental rules that are.
    package var experimental = Selection.named([])
    /// Whether a finding makes the build fail.
    package var failsOnFindings = false

    package init() {}

    /// Reads options.
    ///
    /// - Parameters:
    ///   - text: `skip=…`, `error=…` and `experimental=…` between semicolons.
    ///   - place: Where they stand.
    /// - Throws: ``BuildProblem`` for what is none.
    package init(_ text: String, at place: SourcePlace?) throws(BuildProblem) {
        for part in text.split(separator: ";") where !part.allSatisfy(\.isWhitespace) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                String($0).trimmed
            }
            guard pair.count == 2 else {
                throw BuildProblem(
                    "`\(String(part).shown)` is no option of `check`: write `name=value`",
                    at: place
                )
            }
            try set(pair[0], pair[1], place)
        }
    }

    private mutating func set(_ name: String, _ value: String, _ place: SourcePlace?) throws(BuildProblem) {
        switch name {
        case "skip": skipped = Self.selection(value)
        case "experimental": experimental = Self.selection(value)
        case "error":
            switch value.lowercased() {
            case "true", "t", "1": failsOnFindings = true
            case "false", "f", "0": failsOnFindings = false
            default: throw BuildProblem("`error=\(value.shown)` of `check` is neither true nor false", at: place)
            }
        default:
            throw BuildProblem(
                "`\(name.shown)` is no option of `check`",
                at: place,
                word: name,
                among: ["skip", "error", "experimental"]
            )
        }
    }

    private static func selection(_ text: String) -> Selection {
        if text == "all" { return .all }
        return .named(Set(text.split(separator: ",").map { String($0).trimmed }))
    }

    /// Whether a rule is used.
    package func uses(_ rule: LintRule) -> Bool {
        !skipped.contains(rule) && (!rule.isExperimental || experimental.contains(rule))
    }
}
