// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport

/// One project as it lies on the disk while it is loaded: `project/` and `load.txt`, which says how it is loaded.
struct Input {
    var set: FileSet
    var flags: UInt64
    var subject = Subject.projects

    /// Writes the input into a folder, in place of what was there.
    func write(to folder: String) throws(SystemFailure) {
        removeTree("\(folder)/project")
        try makeFolder("\(folder)/project")
        var lines = ["flags \(flags)", "subject \(subject.rawValue)"]
        lines += set.named.map { "file \($0)" }
        lines += set.profiles.map { "profile \($0)" }
        lines += set.environment.map { "env \($0.key)=\($0.value)" }
        try writeFile("\(folder)/load.txt", Array(lines.joined(separator: "\n").utf8))
        for file in set.files {
            // A mutated set may have a file where another one has a folder; then the file is missing.
            try? writeFile("\(folder)/project/\(file.name)", file.bytes)
        }
    }

    /// Reads how the project of a folder is loaded.
    init(readingFrom folder: String) throws(SystemFailure) {
        self.init(set: FileSet(files: []), flags: 0)
        for line in try readText("\(folder)/load.txt").split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = String(parts[1])
            switch parts[0] {
            case "flags": flags = UInt64(value) ?? 0
            case "subject": subject = Subject(rawValue: value) ?? .projects
            case "file": set.named.append(value)
            case "profile": set.profiles.append(value)
            case "env":
                let pair = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                if pair.count == 2 { set.environment[String(pair[0])] = String(pair[1]) }
            default: break
            }
        }
        // Projects are read from the disk by the loader itself.
        guard subject == .dockerfiles else { return }
        for name in files(below: "\(folder)/project") {
            set.files.append(FileSet.File(name: name, bytes: try readBytes("\(folder)/project/\(name)")))
        }
    }

    init(set: FileSet, flags: UInt64, subject: Subject = .projects) {
        self.set = set
        self.flags = flags
        self.subject = subject
    }
}

/// Loads one batch of projects in a process of its own, which may crash.
enum Worker {
    /// Ends of a worker that are findings, besides signals.
    enum Finding: Int32 {
        case memory = 3
        case nondeterminism = 4
    }

    static let batchSize = 100
    private static let memoryLimit = 200_000_000

    static func run(seed: UInt64, folder: String, _ subject: Subject) throws {
        var limit = rlimit(rlim_cur: 2 << 30, rlim_max: 2 << 30)
        setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
        var mutator = Mutator(corpus: try Corpus(subject), seed: seed)
        var accepted = 0
        for _ in 0..<batchSize {
            let input = Input(set: mutator.next(), flags: mutator.generator.next(), subject: subject)
            try input.write(to: folder)
            if load(input, in: folder) { accepted += 1 }
        }
        limitTime(seconds: 0)
        try writeFile("\(folder)/accepted", Array("\(accepted)".utf8))
    }

    /// Loads the project once or twice and returns whether it was accepted; does not return from a finding.
    private static func load(_ input: Input, in folder: String) -> Bool {
        limitTime(seconds: 5)
        let project = "\(folder)/project"
        let verdict = Target.load(project, input)
        if input.flags >> 60 == 0 {
            let again = Target.load(project, input)
            if again.accepted != verdict.accepted || again.diagnostics != verdict.diagnostics {
                exit(Finding.nondeterminism.rawValue)
            }
        }
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        if usage.ru_maxrss * 1024 > memoryLimit { exit(Finding.memory.rawValue) }
        return verdict.accepted
    }

    /// Has a load killed that computes for too long (SIGVTALRM) or waits for too long (SIGALRM).
    private static func limitTime(seconds: Int) {
        var time = itimerval(it_interval: timeval(), it_value: timeval(tv_sec: seconds, tv_usec: 0))
        setitimer(__itimer_which_t(ITIMER_VIRTUAL.rawValue), &time, nil)
        alarm(UInt32(seconds * 12))
    }
}
