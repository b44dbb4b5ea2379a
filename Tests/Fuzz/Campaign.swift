// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport

/// Runs workers side by side until the time is over, and keeps what they stumble upon.
struct Campaign {
    var seconds = 60
    var seed: UInt64 = 0
    var workers = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    var findings = ".build/fuzz-findings"
    var subject = Subject.projects

    private struct Slot {
        var folder: String
        var seed: UInt64 = 0
    }

    private var batches: UInt64 = 0
    private var accepted = 0
    private var found: [String] = []

    init() {}

    /// Runs the campaign and returns whether there was no finding.
    mutating func run() throws -> Bool {
        print("seed \(seed), \(workers) workers, \(seconds) s")
        fflush(nil)
        let scratch = try Scratch()
        let start = now()
        var running: [pid_t: Slot] = [:]
        for number in 0..<workers {
            let folder = scratch / "\(number)"
            try makeFolder(folder)
            try launch(Slot(folder: folder), &running)
        }
        while !running.isEmpty {
            var status: Int32 = 0
            let child = waitpid(-1, &status, 0)
            guard child > 0, let slot = running.removeValue(forKey: child) else { continue }
            try settle(slot, status)
            if now() - start < seconds, found.count < 20 { try launch(slot, &running) }
        }
        let total = batches * UInt64(Worker.batchSize)
        print(
            "\(total) \(subject.rawValue), \(accepted) of them accepted, in \(now() - start) s: \(found.count) findings"
        )
        return found.isEmpty
    }

    private mutating func launch(_ slot: Slot, _ running: inout [pid_t: Slot]) throws {
        var slot = slot
        slot.seed = seed &+ batches &* 0x1_0000_0001
        batches += 1
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(
            &actions,
            STDERR_FILENO,
            "\(slot.folder)/stderr",
            O_WRONLY | O_CREAT | O_TRUNC,
            0o600
        )
        let command = ["fuzz-config", "--worker", "\(slot.seed)", slot.folder, subject.rawValue]
        var vector: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        defer { for string in vector { free(string) } }
        vector.append(nil)
        var child: pid_t = 0
        let failure = posix_spawn(&child, "/proc/self/exe", &actions, nil, vector, environ)
        if failure != 0 { throw SystemFailure("start", "a worker", failure) }
        running[child] = slot
    }

    /// Takes the result of a batch; keeps the input that a worker ended on.
    private mutating func settle(_ slot: Slot, _ status: Int32) throws {
        if status == 0 {
            accepted += Int(try readText("\(slot.folder)/accepted")) ?? 0
            return
        }
        let kind =
            switch (status & 0x7f, status >> 8 & 0xff) {
            case (SIGVTALRM, _): "hang"
            case (SIGALRM, _): "wait"
            case (0, Worker.Finding.memory.rawValue): "memory"
            case (0, Worker.Finding.nondeterminism.rawValue): "nondeterminism"
            case (0, let code): "exit-\(code)"
            case (let signal, _): "signal-\(signal)"
            }
        let kept = "\(findings)/\(kind)-\(slot.seed)"
        try keep(slot.folder, as: kept)
        found.append(kept)
        print("\(kind): fuzz-config --reproduce \(kept)")
        fflush(nil)
    }

    private func keep(_ folder: String, as kept: String) throws {
        removeTree(kept)
        for file in files(below: folder) {
            try writeFile("\(kept)/\(file)", try readBytes("\(folder)/\(file)"))
        }
    }

    private func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec
    }
}
