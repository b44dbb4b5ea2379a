// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Signals that are read from a descriptor in place of interrupting the process (signalfd(2)).
///
/// They are blocked in the thread that made the watch until it ends, for which reason only a process with one thread has one.
package struct SignalWatch: ~Copyable {
    private let descriptor: Descriptor
    private let signals: [Int32]

    /// Begins to watch for signals.
    package init(_ signals: [Int32]) throws(SystemError) {
        let number = clinux_signal_descriptor(signals, signals.count)
        descriptor = Descriptor(owning: try SystemError.check(number, "signalfd"))
        self.signals = signals
    }

    deinit {
        clinux_block_signals(signals, signals.count, 0)
    }

    /// The number to poll(2).
    package var number: Int32 { descriptor.number }

    /// The next signal; nil where there is none.
    package func next() throws(SystemError) -> Int32? {
        let signal = clinux_next_signal(descriptor.number)
        if signal == -EAGAIN { return nil }
        return try SystemError.check(signal, "read", on: "signals")
    }

    /// Blocks a signal, or lets it through again; with a blocked `SIGPIPE` a write fails with `EPIPE`.
    package static func block(_ signal: Int32, _ blocks: Bool) {
        clinux_block_signals([signal], 1, blocks ? 1 : 0)
    }
}
