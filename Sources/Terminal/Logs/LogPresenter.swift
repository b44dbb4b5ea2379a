// SPDX-License-Identifier: Apache-2.0

/// Shows lines that several containers have written.
///
/// It makes bytes of them, for whoever writes: to a stream, or above the progress of a command. Long lines are left to the
/// terminal, which breaks them so that they can be copied as one.
package struct LogPresenter: Sendable {
    /// A container whose lines are shown.
    package struct Source: Hashable, Sendable {
        /// What it is called before its lines: its name without that of the project, such as `web-1`.
        package var name: String
        package var service: String
        package var container: String

        package init(name: String, service: String, container: String) {
            self.name = name
            self.service = service
            self.container = container
        }
    }

    /// Which of its two streams a container wrote to.
    package enum Stream: String, Sendable {
        case output = "stdout"
        case errors = "stderr"
    }

    /// How lines are shown.
    package struct Options: Sendable {
        /// Whether there are escape sequences: those of the prefix, and colours that a container writes.
        package var isColoured = false
        /// Whether the name of the container stands before each line.
        package var hasPrefix = true
        /// Whether the time stands before the text.
        package var showsTime = false
        /// Whether each line is a JSON object, whatever the other options say.
        package var isJSON = false

        /// Lines with names, without times and colours.
        package init() {}

        /// For a stream of the process.
        ///
        /// - Parameters:
        ///   - stream: Where the lines go.
        ///   - colour: The user's wish, which `--no-color` makes ``ColourChoice/never``.
        package init(for stream: OutputStream, colour: ColourChoice) {
            isColoured = stream.style(colour).isColoured
        }
    }

    private let options: Options
    private var prefixer: LogPrefixer

    /// A presenter of no container yet.
    package init(_ options: Options) {
        self.options = options
        prefixer = LogPrefixer(isColoured: options.isColoured)
    }

    /// Makes containers known before their first lines: see ``LogPrefixer/add(_:)``.
    package mutating func add(_ sources: some Sequence<Source>) { prefixer.add(sources.map(\.name)) }

    /// Adds a line to bytes, with its end.
    ///
    /// - Parameters:
    ///   - line: What was written, without the end of the line.
    ///   - source: The container.
    ///   - stream: Where it wrote it.
    ///   - time: When, as it is to be shown: RFC 3339 with nanoseconds; nil where it is not known.
    ///   - bytes: What the line is added to.
    package mutating func append(
        _ line: ArraySlice<UInt8>,
        from source: Source,
        on stream: Stream = .output,
        at time: String? = nil,
        to bytes: inout [UInt8]
    ) {
        if options.isJSON {
            var object = JSONLine()
            if let time { object.add("time", time) }
            object.add("service", source.service)
            object.add("container", source.container)
            object.add("stream", stream.rawValue)
            object.add("line", line)
            bytes += object.ended()
            return
        }
        if options.hasPrefix { bytes += prefixer.prefix(of: source.name) }
        if options.showsTime, let time { bytes += (time + " ").utf8 }
        LogText.append(line, isColoured: options.isColoured, to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Adds the notice that a container has exited.
    ///
    /// - Parameters:
    ///   - source: The container.
    ///   - code: Its exit status.
    ///   - isRestarting: Whether the engine starts it again.
    ///   - time: When, for JSON.
    ///   - bytes: What the notice is added to.
    package mutating func appendExit(
        of source: Source,
        code: Int,
        isRestarting: Bool = false,
        at time: String? = nil,
        to bytes: inout [UInt8]
    ) {
        if options.isJSON {
            var object = JSONLine()
            if let time { object.add("time", time) }
            object.add("service", source.service)
            object.add("container", source.container)
            object.add("exitCode", code)
            object.add("restarting", isRestarting)
            bytes += object.ended()
            return
        }
        let name = TextCells.printable(source.name)
        let text = "\(name) exited with code \(code)" + (isRestarting ? " (restarting)" : "")
        bytes += (prefixer.paint(text, of: source.name) + "\n").utf8
    }
}
