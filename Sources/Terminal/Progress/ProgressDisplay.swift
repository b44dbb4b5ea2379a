// SPDX-License-Identifier: Apache-2.0

/// What progress is shown on, and the clock that it goes by.
package struct ProgressDisplay: Sendable {
    /// The size of a terminal in characters.
    package struct Size: Equatable, Sendable {
        package var columns: Int
        package var rows: Int

        package init(columns: Int, rows: Int) {
            self.columns = columns
            self.rows = rows
        }
    }

    /// Writes all bytes, at once where that is possible, and gives the system's error number, or 0.
    package var write: @Sendable ([UInt8]) -> Int32
    package var size: @Sendable () -> Size
    /// Whether the terminal is this process's at the moment.
    package var isForeground: @Sendable () -> Bool
    package var now: @Sendable () -> ContinuousClock.Instant
    /// The terminal that signals must not leave without its cursor; nil where there is none.
    var stream: OutputStream?

    /// A display of functions.
    ///
    /// - Parameters:
    ///   - write: Writes bytes, and gives the system's error number, or 0.
    ///   - size: How large it is at the moment.
    ///   - isForeground: Whether it may be drawn on at the moment.
    ///   - now: The time.
    package init(
        write: @escaping @Sendable ([UInt8]) -> Int32,
        size: @escaping @Sendable () -> Size,
        isForeground: @escaping @Sendable () -> Bool = { true },
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.write = write
        self.size = size
        self.isForeground = isForeground
        self.now = now
    }

    /// A stream of the process, at the time of the machine.
    package init(_ stream: OutputStream) {
        self.init(
            write: { stream.send($0) },
            size: { Size(columns: stream.width, rows: stream.height) },
            isForeground: { stream.isForeground }
        )
        self.stream = stream
    }
}
