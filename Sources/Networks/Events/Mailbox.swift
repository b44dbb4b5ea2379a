// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
import Synchronization

/// Commands for a thread that waits for events, and the descriptor that wakes it.
final class Mailbox<Command: Sendable>: Sendable {
    let signal: Descriptor
    private let commands = Mutex<[Command]>([])

    init() throws(SystemError) {
        let number = clinux_eventfd(0, O_CLOEXEC | O_NONBLOCK)
        signal = Descriptor(owning: try SystemError.check(number, "eventfd"))
    }

    func post(_ command: Command) {
        commands.withLock { $0.append(command) }
        var one: UInt64 = 1
        write(signal.number, &one, MemoryLayout<UInt64>.size)
    }

    /// What has been posted since the last call.
    func take() -> [Command] {
        var count: UInt64 = 0
        read(signal.number, &count, MemoryLayout<UInt64>.size)
        return commands.withLock { commands in
            defer { commands = [] }
            return commands
        }
    }
}
