// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import Logs
import Runtime

/// The pipes between a process and whoever reads and writes its standard streams.
struct StandardPipes: ~Copyable {
    /// Our ends.
    struct OwnEnds: Sendable {
        var input: SharedDescriptor?
        var output: SharedDescriptor?
        var errors: SharedDescriptor?
        /// What a supervisor moves output by that comes fast, where it writes a log.
        var relays = LogRelays()
    }

    private let own: OwnEnds
    /// The ends of the process, closed here once it has them.
    private let others = DescriptorBag()
    /// What a launch gets.
    let streams: StandardStreams

    /// Makes the pipes that a process needs.
    ///
    /// - Parameters:
    ///   - hasTerminal: Whether it has a terminal, and so no pipe.
    ///   - input: Whether it gets input; otherwise it reads from `/dev/null`.
    ///   - output: Whether somebody reads its output.
    ///   - errors: Whether somebody reads its errors.
    ///   - relays: What a supervisor moves output by that comes fast.
    /// - Throws: The error of pipe2(2).
    init(
        hasTerminal: Bool,
        input: Bool,
        output: Bool,
        errors: Bool,
        relays: LogRelays = LogRelays()
    ) throws(SystemError) {
        if hasTerminal {
            own = OwnEnds()
            streams = .terminal
            return
        }
        var own = OwnEnds(relays: relays)
        var ends: [Runtime.StandardStream] = [.null, .null, .null]
        if input {
            (own.input, ends[0]) = try Self.pipe(into: others, isInput: true)
        }
        if output {
            (own.output, ends[1]) = try Self.pipe(into: others, isInput: false)
        }
        if errors {
            (own.errors, ends[2]) = try Self.pipe(into: others, isInput: false)
        }
        self.own = own
        streams = .streams(input: ends[0], output: ends[1], error: ends[2])
    }

    /// The pipes of a container.
    init(for config: ContainerConfig) throws(SystemError) {
        try self.init(
            hasTerminal: config.tty,
            input: config.openStdin,
            output: true,
            errors: true,
            relays: config.tty ? LogRelays() : try LogRelays.make()
        )
    }

    private static func pipe(
        into others: DescriptorBag,
        isInput: Bool
    ) throws(SystemError) -> (SharedDescriptor, Runtime.StandardStream) {
        let pipe = try Pipe()
        return pipe.split { reader, writer in
            if isInput {
                return (SharedDescriptor(writer), .descriptor(others.keep(reader)))
            }
            return (SharedDescriptor(reader), .descriptor(others.keep(writer)))
        }
    }

    /// Closes the ends of the process, which has them now.
    consuming func keepOwnEnds() -> OwnEnds { own }
}

/// The relays of the streams of a process (``Pipe/relay()``).
struct LogRelays: Sendable {
    var output: SharedDescriptor?
    var errors: SharedDescriptor?

    /// Makes those of both streams.
    static func make() throws(SystemError) -> LogRelays {
        LogRelays(output: SharedDescriptor(try Pipe.relay()), errors: SharedDescriptor(try Pipe.relay()))
    }

    subscript(stream: LogStream) -> SharedDescriptor? { stream == .standardOutput ? output : errors }
}
