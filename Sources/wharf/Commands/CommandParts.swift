// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Glibc
import Terminal

/// The values of `--filter`.
struct FilterOptions {
    private var values: [String: Set<String>] = [:]

    /// What the engine gets.
    var filters: Filters { Filters(values) }

    /// Adds `name=value`.
    mutating func add(_ text: String) throws(InvalidValue) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw InvalidValue("NAME=VALUE, such as label=tier=web") }
        add(Self.trimmed(parts[0]).lowercased(), Self.trimmed(parts[1]))
    }

    /// Adds a filter.
    mutating func add(_ name: String, _ value: String) {
        values[name, default: []].insert(value)
    }

    /// Whether a filter is given.
    func has(_ name: String) -> Bool { values[name] != nil }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}

extension Option {
    /// An option that may be given several times, each time with values between commas.
    static func list(
        _ name: String,
        _ valueName: String,
        help: String,
        store: @escaping (String) throws(InvalidValue) -> Void
    ) -> Option {
        .value(name, valueName, help: help, isRepeatable: true) { text throws(InvalidValue) in
            if text.isEmpty { return }
            for field in try CommaSeparated.fields(text) { try store(field) }
        }
    }

    /// An option that may be given several times, each time with `name=value`, or a name alone for no value.
    static func pairs(
        _ name: String,
        short: Unicode.Scalar? = nil,
        _ valueName: String = "name=value",
        help: String,
        store: @escaping (String, String) -> Void
    ) -> Option {
        .value(name, short: short, valueName, help: help, isRepeatable: true) { text throws(InvalidValue) in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if parts[0].isEmpty { throw InvalidValue("a name, perhaps with `=` and a value") }
            store(parts[0], parts.count == 2 ? parts[1] : "")
        }
    }
}

/// A question before something is removed.
enum Confirmation {
    /// Whether the user agrees: the next line of standard input is `y` or `yes`.
    ///
    /// Where the input has ended nobody agrees, so that a script has to say `--force`, as with Docker.
    ///
    /// - Parameters:
    ///   - warning: What is going to be removed.
    ///   - isForced: Whether there is no need to ask.
    /// - Returns: Whether to go on.
    static func asks(_ warning: String, isForced: Bool) -> Bool {
        if isForced { return true }
        OutputStream.error.write("WARNING! \(warning)\nAre you sure you want to continue? [y/N] ")
        guard let answer = readLine() else {
            OutputStream.error.write("\nnothing is removed; use `--force` where nobody can answer\n")
            return false
        }
        return ["y", "yes"].contains(answer.lowercased().filter { !$0.isWhitespace })
    }
}

extension Completion {
    /// The names of the containers.
    static func containers(of global: GlobalOptions, onlyRunning: Bool = false) -> Completion {
        .computed {
            quickly {
                let engine = try global.client(startsEngine: false)
                return try engine.listContainers(showsAll: !onlyRunning).flatMap(\.names).map {
                    $0.hasPrefix("/") ? String($0.dropFirst()) : $0
                }
            }
        }
    }

    /// The names of the images.
    static func images(of global: GlobalOptions) -> Completion {
        .computed {
            quickly {
                let engine = try global.client(startsEngine: false)
                return try engine.listImages().flatMap { $0.repoTags ?? [] }.filter { $0 != "<none>:<none>" }
            }
        }
    }

    /// How many seconds an engine may take that has other things to do; a shell stands still until then.
    private static let patience: UInt32 = 5

    /// What the engine answers while somebody waits who is typing; nothing where that takes too long.
    ///
    /// The process does nothing else than this, so that it ends where an answer takes too long.
    static func quickly(_ words: () throws -> [String]) -> [String] {
        signal(SIGALRM) { _ in _exit(0) }
        alarm(patience)
        defer { alarm(0) }
        return (try? words().sorted()) ?? []
    }
}

extension Positional {
    /// Containers, of which there must be one.
    static func containers(
        of global: GlobalOptions,
        onlyRunning: Bool = false,
        store: @escaping (String) -> Void
    ) -> Positional {
        .some(
            "CONTAINER",
            help: "The containers, by name or identifier.",
            completion: .containers(of: global, onlyRunning: onlyRunning)
        ) { store($0) }
    }

    /// One container.
    static func container(
        of global: GlobalOptions,
        onlyRunning: Bool = false,
        store: @escaping (String) -> Void
    ) -> Positional {
        .one(
            "CONTAINER",
            help: "The container, by name or identifier.",
            completion: .containers(of: global, onlyRunning: onlyRunning)
        ) { store($0) }
    }

    /// Images, of which there must be one.
    static func images(of global: GlobalOptions, store: @escaping (String) -> Void) -> Positional {
        .some("IMAGE", help: "The images, by name or identifier.", completion: .images(of: global)) { store($0) }
    }

    /// One image.
    static func image(of global: GlobalOptions, store: @escaping (String) -> Void) -> Positional {
        .one("IMAGE", help: "The image, by name or identifier.", completion: .images(of: global)) { store($0) }
    }
}
