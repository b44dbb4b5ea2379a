// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The first of several times at which something is to be done.
struct DeadlineWatch {
    private var next = UInt64.max

    /// The time of a clock that nobody sets, in milliseconds.
    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }

    mutating func note(_ time: UInt64) { next = min(next, time) }

    mutating func begin(again times: some Sequence<UInt64>) { next = times.min() ?? .max }

    /// How many milliseconds are left; `Int32.max` where there is no time.
    var timeout: Int32 {
        if next == .max { return .max }
        let now = Self.now
        return next <= now ? 0 : Int32(clamping: min(next - now, UInt64(Int32.max - 1)))
    }

    var isOver: Bool { next != .max && next <= Self.now }
}
