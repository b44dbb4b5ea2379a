// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Synchronization

/// Tells whoever started the engine that it serves, or why it does not.
final class Readiness: Sendable {
    private let descriptor: Mutex<Int32?>

    /// Reports to a descriptor that the starter gave, if it did.
    init(_ descriptor: Int32?) {
        self.descriptor = Mutex(descriptor)
    }

    /// Writes one line, once.
    ///
    /// - Parameter line: `ready`, or what went wrong.
    func tell(_ line: String) {
        guard let number = descriptor.withLock({ $0.take() }) else { return }
        Main.report(line.split(separator: "\n").joined(separator: " ") + "\n", to: number)
        close(number)
    }

    /// Says that the engine serves: to the starter, and to a service manager (sd_notify(3)).
    func ready() {
        tell("ready")
        Self.notify("READY=1\nSTATUS=serving\n")
    }

    /// Says that the engine ends.
    func stopping() {
        Self.notify("STOPPING=1\n")
    }

    private static func notify(_ text: String) {
        guard let path = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }),
            path.hasPrefix("/") || path.hasPrefix("@")
        else { return }
        do {
            try Descriptor.sendDatagram(text, to: path)
        } catch {
            Main.report("cannot notify the service manager: \(error)\n", to: STDERR_FILENO)
        }
    }
}
