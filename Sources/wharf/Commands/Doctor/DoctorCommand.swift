// SPDX-License-Identifier: Apache-2.0

import Arguments
import JSONTree
import Terminal

/// `wharf doctor`: looks at all that wharf needs of the machine, and says how to mend what is missing.
final class DoctorCommand {
    private let global: GlobalOptions
    private var format = "pretty"

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("doctor", summary: "Check what wharf needs of this machine, and say how to mend it.") {
            DoctorCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf doctor
                wharf doctor --format json            for scripts
                wharf --root /srv/wharf doctor        would this folder do
                """,
            notes: "The exit status is 1 where there is a problem; warnings do not count. Nothing is changed.",
            options: [
                .value(
                    "format",
                    "form",
                    help: "The form of the output.",
                    allowed: ["pretty", "json"],
                    default: "pretty"
                ) { self.format = $0 }
            ],
            run: run
        )
    }

    private func run() throws {
        let location = try global.engineLocation()
        let checks =
            KernelChecks.run() + ControlGroupChecks.run() + LimitChecks.run() + NetworkChecks.run()
            + ProgramChecks.run()
            + FolderChecks(location: location).run() + EngineChecks.run(global)
        let problems = checks.count { $0.status == .problem }
        if format == "json" {
            let json: JSON = ["problems": .integer(problems), "checks": .array(checks.map(\.json))]
            OutputStream.standard.write(json.text(.inspection) + "\n")
        } else {
            OutputStream.standard.write(Self.text(checks, style: OutputStream.standard.style(.automatic)))
        }
        if problems > 0 { throw CommandFailure() }
    }

    /// The checks by their groups, each remedy below what it mends.
    static func text(_ checks: [Check], style: TextStyle) -> String {
        var text = ""
        for group in Check.Group.allCases {
            let members = checks.filter { $0.group == group }
            if members.isEmpty { continue }
            text += style.bold(group.rawValue) + "\n"
            for check in members {
                let word = check.status.rawValue
                let mark =
                    switch check.status {
                    case .ok: word
                    case .warning: style.yellow(word)
                    case .problem: style.red(word)
                    }
                text += "  \(mark)\(String(repeating: " ", count: 9 - word.count))\(check.message)\n"
                if !check.remedy.isEmpty { text += "           → \(check.remedy)\n" }
            }
        }
        let problems = checks.count { $0.status == .problem }
        let warnings = checks.count { $0.status == .warning }
        func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
        return text + "\(count(problems, "problem")), \(count(warnings, "warning"))\n"
    }
}
