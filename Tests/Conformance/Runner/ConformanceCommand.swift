// SPDX-License-Identifier: Apache-2.0

import Arguments
import ConformanceKit
import FoundationEssentials
import Glibc

/// Compares `wharf config` with the real Docker Compose.
@main
final class ConformanceCommand {
    private var paths: [String] = []
    private var jobs = ProcessInfo.processInfo.activeProcessorCount
    private var filter: String?
    private var wharf: String?
    private var oracle: String?
    private var all = false
    private var verbose = false
    private var keep = false
    private var fresh = false
    private var list = false

    static func main() async {
        let command = ConformanceCommand()
        let program = Command("conformance", summary: "Compare 'wharf config' with Docker Compose 2.40.3.") {
            command.syntax()
        }
        do {
            switch try CommandLineParser(program).parse(Array(CommandLine.arguments.dropFirst())) {
            case .show(let text): print(text, terminator: "")
            case .run: try await command.run()
            }
        } catch let error as UsageError {
            fail(error.text, status: 64)
        } catch {
            fail("\(error)", status: 1)
        }
    }

    private static func fail(_ message: String, status: Int32) -> Never {
        let line = Array("error: \(message)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
        exit(status)
    }

    private func syntax() -> Syntax {
        Syntax(
            notes: """
                Without a path the cases of the project are run. A path may be a file of cases, a
                compose file, or a folder that is searched for either.
                """,
            options: [
                .number("jobs", "count", help: "How many cases run at the same time.", default: "\(jobs)") {
                    self.jobs = $0
                },
                .value("filter", "text", help: "Run only what has this text in its name.") { self.filter = $0 },
                .value("wharf", "path", help: "The program under test.", completion: .files()) { self.wharf = $0 },
                .value("oracle", "path", help: "The reference tool.", completion: .files()) { self.oracle = $0 },
                .flag("all", help: "In folders, load every YAML file whatever its name.") { self.all = $0 },
                .flag("verbose", short: "v", help: "Name every run, not only the ones that disagree.") {
                    self.verbose = $0
                },
                .flag("keep", help: "Leave the folders of the cases behind.") { self.keep = $0 },
                .flag("fresh", help: "Ask the reference tool anew instead of using its answers from earlier runs.") {
                    self.fresh = $0
                },
                .flag("list", help: "Print the names of the cases and run nothing.") { self.list = $0 },
            ],
            positionals: [
                .any("PATH", help: "Files of cases, compose files, or folders of them.", completion: .files()) {
                    self.paths.append($0)
                }
            ],
            run: {}
        )
    }

    private func run() async throws {
        let jobs = try self.jobList()
        if list {
            for job in jobs { print(job.name) }
            return
        }
        var summary = Summary()
        try await withThrowingTaskGroup(of: [RunReport].self) { group in
            var waiting = jobs[...]
            for job in waiting.prefix(max(1, self.jobs)) { group.addTask { try await job.run() } }
            waiting = waiting.dropFirst(max(1, self.jobs))
            while let reports = try await group.next() {
                for report in reports { summary.add(report, verbose: verbose) }
                if let job = waiting.popFirst() { group.addTask { try await job.run() } }
            }
        }
        summary.show()
        if summary.disagreements > 0 { exit(1) }
    }

    /// Everything that is to be run, in order.
    private func jobList() throws -> [Job] {
        guard let wharf = wharf ?? Tools.findWharf() else {
            throw UsageError("there is no wharf: build it, or say where it is with --wharf")
        }
        guard let oracle = oracle ?? Tools.findReference() else {
            throw UsageError("there is no reference tool: run Tests/Conformance/fetch-oracle first")
        }
        var runner = CaseRunner(tools: Tools(wharf: absolute(wharf), reference: absolute(oracle)), usesCache: !fresh)
        runner.keepsFolders = keep
        var jobs: [Job] = []
        if paths.isEmpty { jobs = try Corpus.load().map { Job(work: .test($0), runner: runner) } }
        for path in paths {
            let cases = path.hasSuffix(".cases") || isFolder(path) ? try Corpus.load(path) : []
            jobs += cases.map { Job(work: .test($0), runner: runner) }
            guard cases.isEmpty else { continue }
            jobs += try ComposeFolder.projects(in: path, all: all).map { Job(work: .project($0), runner: runner) }
        }
        guard let filter else { return jobs }
        return jobs.filter { $0.name.contains(filter) }
    }

    private func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
    }

    private func isFolder(_ path: String) -> Bool {
        var isDirectory = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory
    }
}

/// One case or one foreign project.
private struct Job: Sendable {
    enum Work: Sendable {
        case test(Case)
        case project(ComposeFolder.Project)
    }

    var work: Work
    var runner: CaseRunner

    var name: String {
        switch work {
        case .test(let test): "\(test.place): \(test.name)"
        case .project(let project): project.name
        }
    }

    @concurrent
    func run() async throws -> [RunReport] {
        switch work {
        case .test(let test): return try runner.run(test)
        case .project(let project):
            let site = Site(name: project.name, directory: project.directory, home: "/nonexistent")
            return site.compare(project.runs, isStandard: true, runner.tools)
        }
    }
}
