// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Linux
import TestSupport

/// The whole life of one container, whose end is known in advance.
struct Round: Sendable {
    /// What is done to it.
    enum Kind: Int, CaseIterable, Sendable {
        case exit, kill, stop, exec, removesItself, forcedRemoval
    }

    /// How it went.
    struct Outcome: Sendable {
        var round: Round
        var id: String
        /// The status that the engine told; nil where nobody asked.
        var status: Int?
        /// The status of the exec, and what it has written to the container's log.
        var execStatus: Int?
        var execOutput: [UInt8]?
    }

    let number: Int

    var kind: Kind { Kind.allCases[number % Kind.allCases.count] }
    var name: String { "round-\(number)" }

    /// The status that the container has to end with.
    var expected: Int {
        switch kind {
        case .exit, .removesItself: own
        case .kill, .exec, .forcedRemoval: 137
        case .stop: 143
        }
    }

    /// A status that hardly another round has; not those that mean something else.
    var own: Int { 1 + number % 100 }

    func run(on engine: SurvivingEngine) throws -> Outcome {
        let exits = ["sh", "-c", "exit \(own)"]
        let id = try engine.create(kind == .exit || kind == .removesItself ? exits : ["sleep", "1000"], named: name) {
            $0.hostConfig.usesInit = kind == .stop
            $0.hostConfig.autoRemove = kind == .removesItself
        }
        var outcome = Outcome(round: self, id: id)
        try engine.start(id)
        switch kind {
        case .exit: break
        case .kill: try untilOver(engine, id) { try $0.killContainer(id) }
        case .stop: try untilOver(engine, id) { try $0.stopContainer(id, timeout: -1) }
        case .exec:
            outcome.execStatus = try exec(engine, id)
            outcome.execOutput = try engine.output(of: id)
        case .removesItself: return try waitUntilGone(engine, outcome)
        case .forcedRemoval:
            try engine.remove(id)
            return outcome
        }
        if kind == .exec { try untilOver(engine, id) { try $0.killContainer(id) } }
        outcome.status = try engine.wait(id)
        try engine.remove(id)
        return outcome
    }

    /// Does something that ends the container, and once more where it has not.
    private func untilOver(_ engine: SurvivingEngine, _ id: String, _ body: (EngineClient) throws -> Void) throws {
        do {
            try engine.insist(body)
        } catch let error as EngineError where error.code == .conflict {
            // It has ended by a request whose answer was lost.
        }
    }

    private func waitUntilGone(_ engine: SurvivingEngine, _ outcome: Outcome) throws -> Outcome {
        do {
            _ = try engine.insist { try $0.waitForContainer(outcome.id, condition: "removed") }
        } catch let error as EngineError where error.code == .notFound {}
        return outcome
    }

    /// Runs a program in the container, and waits for its end.
    private func exec(_ engine: SurvivingEngine, _ id: String) throws -> Int? {
        var request = ExecCreateRequest()
        // How often it has run is seen in the log of the container.
        request.cmd = CommandWords(["sh", "-c", "echo ran > /proc/1/fd/1; exit \(own)"])
        let wanted = request
        let exec = try engine.insist { try $0.createExec(in: id, wanted).id }
        while true {
            let seen = try engine.insist { try $0.inspectExec(exec) }
            if let status = seen.exitCode { return status }
            if seen.running { continue }
            var start = ExecStartRequest()
            start.detach = true
            let detached = start
            do {
                try engine.insist { try $0.startDetachedExec(exec, detached) }
            } catch let error as EngineError where error.code == .conflict {
                // It was started by a request whose answer was lost.
            }
        }
    }
}
