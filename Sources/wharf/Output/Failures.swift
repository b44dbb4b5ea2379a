// SPDX-License-Identifier: Apache-2.0

import Linux
import Synchronization
import Terminal

/// Failures of a command that goes on with the next thing: each is told at once, and the last word is the exit status.
struct Failures {
    private(set) var count = 0

    /// Does something and tells of its failure.
    mutating func collect(_ body: () throws -> Void) {
        do {
            try body()
        } catch {
            add(error)
        }
    }

    /// Tells of a failure.
    mutating func add(_ error: any Error) {
        count += 1
        Wharf.show(CommandFailure(of: error, isRun: false))
    }

    /// Ends the command with exit status 1 where something failed.
    func finish() throws {
        if count > 0 { throw CommandFailure() }
    }
}

/// Does one thing to several objects, some at a time.
enum Targets {
    /// How many are worked on at a time.
    private static let width = 32

    /// Does something to each object, prints the name of each that it was done to, and tells of the others.
    ///
    /// The names come in the order in which they were given, whatever is done first.
    ///
    /// - Parameters:
    ///   - names: The objects.
    ///   - body: Does it to one of them, on a thread of its own where there are several.
    /// - Throws: ``CommandFailure`` where it failed for one.
    static func run(_ names: [String], _ body: @escaping @Sendable (String) throws -> Void) throws {
        try run(names) { name in
            try body(name)
            return true
        }
    }

    /// Does something to each object where that is needed; see the other function of this name.
    ///
    /// - Parameters:
    ///   - names: The objects.
    ///   - body: Tells whether it was done to the object, whose name is printed then.
    /// - Throws: ``CommandFailure`` where it failed for one.
    static func run(_ names: [String], _ body: @escaping @Sendable (String) throws -> Bool) throws {
        var failures = Failures()
        var rest = names[...]
        while !rest.isEmpty {
            let group = Array(rest.prefix(width))
            rest = rest.dropFirst(width)
            for (name, result) in zip(group, try results(of: group, body)) {
                failures.collect {
                    if try result.get() { OutputStream.standard.write(name + "\n") }
                }
            }
        }
        try failures.finish()
    }

    /// What a function gives for each value, in their order.
    ///
    /// - Parameters:
    ///   - items: The values.
    ///   - width: How many are worked on at a time.
    ///   - body: The function.
    /// - Returns: The results.
    /// - Throws: The error of pthread_create(3).
    static func results<Item: Sendable, Value: Sendable>(
        of items: [Item],
        width: Int = width,
        _ body: @escaping @Sendable (Item) throws -> Value
    ) throws -> [Result<Value, any Error>] {
        if items.count == 1 { return items.map { item in Result { try body(item) } } }
        var results: [Result<Value, any Error>] = []
        var rest = items[...]
        while !rest.isEmpty {
            results += try WorkerThreads.map(Array(rest.prefix(width))) { item in Result { try body(item) } }
            rest = rest.dropFirst(width)
        }
        return results
    }
}

/// Warnings of the engine, which come from several threads and are told at the end.
final class WarningList: Sendable {
    private let texts = Mutex<[String]>([])

    /// Adds warnings.
    func add(_ warnings: [String]) {
        texts.withLock { $0 += warnings }
    }

    /// Tells of all of them.
    func show() {
        let style = OutputStream.error.style(.automatic)
        for text in texts.withLock({ $0 }) { OutputStream.error.write("\(style.yellow("warning")): \(text)\n") }
    }
}
