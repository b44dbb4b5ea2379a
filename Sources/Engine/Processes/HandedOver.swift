// SPDX-License-Identifier: Apache-2.0

import Runtime

/// Whose process goes from a supervisor that has gone to the one that takes its place.
protocol HandedOver: Actor {
    /// Hands over what runs, if anything does; why that fails is told in the engine's log.
    func hand(to supervisor: any Supervisor) async
}
