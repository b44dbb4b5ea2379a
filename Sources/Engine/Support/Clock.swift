// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Store

extension Timestamp {
    /// The time of the machine.
    static var now: Self {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Self(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
    }

    /// The instant of a record.
    init(_ time: UnixTime) { self.init(unixNanoseconds: time.nanoseconds) }
}

extension UnixTime {
    /// The instant as records keep it.
    init(_ time: Timestamp) { self.init(nanoseconds: time.unixNanoseconds) }
}
