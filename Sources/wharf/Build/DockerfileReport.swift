// SPDX-License-Identifier: Apache-2.0

import Build
import Compose
import Terminal
import YAML

/// What is found in Dockerfiles, as a person reads it.
struct DockerfileReport {
    private var sources = SourceMap()
    private var diagnostics: [Diagnostic] = []
    /// The same file may belong to several services.
    private var seen: Set<String> = []

    /// Adds what is wrong with a file, and, where wanted, what the rules advise against.
    mutating func add(_ file: ServiceDockerfile, includesFindings: Bool) {
        let id = sources.add(SourceMap.Source(path: file.name, contents: file.bytes))
        var found: [Diagnostic] = []
        for problem in file.plan.allProblems {
            let message = problem.place == nil ? "\(file.name): \(problem.message)" : problem.message
            found.append(
                Diagnostic(
                    .error,
                    .dockerfile,
                    message,
                    at: problem.place.map { Self.origin($0, id) },
                    suggestion: problem.help
                )
            )
        }
        if includesFindings {
            for finding in file.plan.findings {
                found.append(
                    Diagnostic(
                        file.plan.failsOnFindings ? .error : .warning,
                        .lint,
                        "\(finding.rule.rawValue): \(finding.message)",
                        at: Self.origin(finding.place, id)
                    )
                )
            }
        }
        found.sort { one, other in
            (one.origin?.line ?? .max, one.origin?.column ?? .max) < (
                other.origin?.line ?? .max, other.origin?.column ?? .max
            )
        }
        for diagnostic in found {
            let place = diagnostic.origin.map { "\($0.line):\($0.column)" } ?? ""
            if seen.insert("\(file.name) \(place) \(diagnostic.message)").inserted { diagnostics.append(diagnostic) }
        }
    }

    var errorCount: Int { diagnostics.count { $0.severity == .error } }
    var warningCount: Int { diagnostics.count { $0.severity == .warning } }

    /// Writes what was found.
    func write(to stream: OutputStream, _ global: GlobalOptions) throws {
        if diagnostics.isEmpty { return }
        if global.diagnosticsForm == .json {
            stream.write(JSONWriter.json(DiagnosticJSON.node(of: diagnostics, sources: sources)))
            return
        }
        let directory = try ProjectLoading.currentDirectory()
        let markup = DiagnosticText.Markup(stream.style(global.colour(nil)))
        stream.write(
            DiagnosticText(sources: sources, currentDirectory: directory, markup: markup).render(diagnostics)
        )
    }

    /// The sentence at the end of a check.
    var conclusion: String {
        func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
        if errorCount + warningCount == 0 { return "Check complete, no warnings found." }
        let parts = [(errorCount, "error"), (warningCount, "warning")].filter { $0.0 > 0 }.map { count($0, $1) }
        let verb = errorCount + warningCount == 1 ? "has" : "have"
        return "Check complete, \(parts.joined(separator: " and ")) \(verb) been found!"
    }

    private static func origin(_ place: SourcePlace, _ id: SourceID) -> Origin {
        Origin(file: id, line: UInt32(clamping: place.line), column: UInt32(clamping: place.column))
    }
}

extension DiagnosticText.Markup {
    /// The looks of diagnostics on a terminal.
    init(_ style: TextStyle) {
        self.init()
        place = style.bold
        error = style.red
        warning = style.yellow
        caret = style.red
        faint = style.faint
    }
}
