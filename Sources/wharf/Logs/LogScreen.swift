// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Linux
import Terminal

/// Something that the log of a project shows.
enum LogItem: Sendable {
    case line(ContainerLogLine)
    /// A container has exited.
    case exit(code: Int, isRestarting: Bool, time: Timestamp)
}

/// Where the lines of several containers are shown: what they wrote to standard error on that of this command.
struct LogScreen {
    private var output: LogPresenter
    private var errors: LogPresenter
    private let isJSON: Bool
    /// What is written next, and where to.
    private var pending: [UInt8] = []
    private var isForErrors = false

    /// - Parameters:
    ///   - colour: The user's wish.
    ///   - configure: Sets the form of lines.
    init(colour: ColourChoice, _ configure: (inout LogPresenter.Options) -> Void) {
        var options = LogPresenter.Options(for: .standard, colour: colour)
        configure(&options)
        output = LogPresenter(options)
        isJSON = options.isJSON
        options = LogPresenter.Options(for: .error, colour: colour)
        configure(&options)
        errors = LogPresenter(options)
    }

    /// Makes containers known before their first lines.
    mutating func add(_ sources: [LogPresenter.Source]) {
        output.add(sources)
        errors.add(sources)
    }

    /// Adds an item to what is written next.
    mutating func show(_ item: LogItem, from source: LogPresenter.Source) throws {
        switch item {
        case .line(let line) where line.stream == .errors && !isJSON:
            try turn(toErrors: true)
            errors.append(line.bytes[...], from: source, on: .errors, at: line.timeText, to: &pending)
        case .line(let line):
            try turn(toErrors: false)
            output.append(line.bytes[...], from: source, on: line.stream, at: line.timeText, to: &pending)
        case .exit(let code, let isRestarting, let time):
            try turn(toErrors: false)
            output.appendExit(
                of: source,
                code: code,
                isRestarting: isRestarting,
                at: time.description,
                to: &pending
            )
        }
        if pending.count > 1 << 16 { try flush() }
    }

    private mutating func turn(toErrors: Bool) throws {
        if isForErrors == toErrors { return }
        try flush()
        isForErrors = toErrors
    }

    /// Writes what was added.
    mutating func flush() throws {
        if pending.isEmpty { return }
        let failure = (isForErrors ? OutputStream.error : OutputStream.standard).write(pending)
        pending.removeAll(keepingCapacity: true)
        if failure != 0 {
            throw CommandFailure(message: "cannot write the log: \(SystemError.text(of: failure))")
        }
    }
}
