// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
package import Runtime
import TestSupport

/// A keeper of a test's own, which is ended with it.
package final class TestKeeper: Sendable {
    private let scratch: Scratch
    package let client: KeeperClient
    package let pid: Int32

    /// Starts it.
    package init() throws {
        scratch = try Scratch()
        client = try KeeperClient.start(Binaries.path(of: "wharf-keeper"), socket: scratch / "keeper.sock")
        pid = try client.hello()
    }

    deinit {
        // Containers end first: their processes would go on without a parent.
        try? client.forEachProcess { process in try? process.pidfd.signal(SIGKILL) }
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }
}
