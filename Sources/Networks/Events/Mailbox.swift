// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
import Synchronization

/// Commands for a thread that waits for events, and the descriptor that wakes it.
final class Mailbox<Command: Sendable>: Sendable {
    let signal: Descriptor
    /// What nobody has taken yet; nil when nobody takes anything any more.
    private let commands = Mutex<[Command]?>([])

    init() throws(SystemError) {
        let number = clinux_eventfd(0, O_CLOEXEC | O_NONBLOCK)
        signal = Descriptor(owning: try SystemError.check(number, "eventfd"))
    }

    /// Posts a command.
    ///
    /// - Returns: Whether it will be taken: not after ``close()``.
    @discardableResult
    func post(_ command: Command) -> Bool {
        let isOpen = commands.withLock { commands in
            commands?.append(command)
            return commands != nil
        }
        guard isOpen else { return false }
        var one: UInt64 = 1
        write(signal.number, &one, MemoryLayout<UInt64>.size)
        return true
    }

    /// What has been posted since the last call.
    func take() -> [Command] {
        var count: UInt64 = 0
        read(signal.number, &count, MemoryLayout<UInt64>.size)
        return commands.withLock { commands in
            guard let posted = commands else { return [] }
            commands = []
            return posted
        }
    }

    /// Takes no more commands.
    ///
    /// - Returns: What has been posted since the last call of ``take()``.
    func close() -> [Command] {
        commands.withLock { commands in
            defer { commands = nil }
            return commands ?? []
        }
    }
}
