// SPDX-License-Identifier: Apache-2.0

import CKeeper
import Linux

/// A process that this process keeps.
struct SupervisedProcess: Sendable {
    /// A start that is under way.
    struct Start: Sendable {
        /// Where the process tells how its start goes, and where that is passed on to.
        let report: SharedDescriptor
        let relay: SharedDescriptor
        let token: UInt64
    }

    let name: String
    var pid: Int32
    var pidfd: SharedDescriptor
    /// What events of the process come under.
    var token: UInt64 = 0
    var state = KeptProcess.State.running
    /// When it ended, in nanoseconds since 1970.
    var ended: UInt64 = 0
    var start: Start?
    var held: [UInt32: SharedDescriptor] = [:]
    /// What is moved into its log, by what events of it come under.
    var pumps: [UInt64: ckeeper_pump] = [:]
}
