// SPDX-License-Identifier: Apache-2.0

import CMalloc
import EngineServer

/// What the heap has of memory that nobody uses.
enum FreeMemory {
    /// How long after a request: whoever asks for one thing often asks for another, which takes memory again.
    private static let pause = Duration.milliseconds(500)
    /// What may stay for what is asked for next, in bytes.
    private static let reserve = 2 << 20

    /// Gives the kernel back what requests have left, until it is cancelled.
    ///
    /// malloc(3) keeps what is free below something that lasts, and an engine takes by far the most in a few moments of a
    /// long life, as when it makes many containers at once.
    ///
    /// - Parameter activity: Tells when requests end.
    static func giveBack(after activity: Activity) async {
        for await _ in activity.endings {
            guard (try? await Task.sleep(for: pause)) != nil else { return }
            // mallinfo(3) looks at what is free, malloc_trim(3) at each page of it.
            if mallinfo2().fordblks > 2 * reserve { malloc_trim(reserve) }
        }
    }
}
