// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConformanceKit
import FoundationEssentials

/// Compares `wharf config` with the real Docker Compose.
@main
struct ConformanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance",
        abstract: "Compare 'wharf config' with Docker Compose 2.40.3.",
        discussion: """
            Without a path the cases of the project are run. A path may be a file of cases, a compose file, or a \
            folder that is searched for either.
            """
    )

    @Argument(help: "Files of cases, compose files, or folders of them.")
    var paths: [String] = []

    @Option(help: "How many cases run at the same time.")
    var jobs = ProcessInfo.processInfo.activeProcessorCount

    @Option(help: "Run only what has this text in its name.")
    var filter: String?

    @Option(help: "The program under test.")
    var wharf: String?

    @Option(help: "The reference tool.")
    var oracle: String?

    @Flag(help: "In folders, load every YAML file whatever its name.")
    var all = false

    @Flag(name: .shortAndLong, help: "Name every run, not only the ones that disagree.")
    var verbose = false

    @Flag(help: "Leave the folders of the cases behind.")
    var keep = false

    @Flag(help: "Ask the reference tool anew instead of using its answers from earlier runs.")
    var fresh = false

    @Flag(help: "Print the names of the cases and run nothing.")
    var list = false

    func run() async throws {
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
        if summary.disagreements > 0 { throw ExitCode.failure }
    }

    /// Everything that is to be run, in order.
    private func jobList() throws -> [Job] {
        guard let wharf = wharf ?? Tools.findWharf() else {
            throw ValidationError("there is no wharf: build it, or say where it is with --wharf")
        }
        guard let oracle = oracle ?? Tools.findReference() else {
            throw ValidationError("there is no reference tool: run Tests/Conformance/fetch-oracle first")
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
