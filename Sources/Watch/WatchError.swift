// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Why folders cannot be watched, with what to do next.
package struct WatchError: Error, Equatable, CustomStringConvertible {
    package var description: String

    /// The kernel gives no place to hear of changes.
    init(starting error: SystemError) {
        description = "cannot watch files: \(error)"
        if error.number == EMFILE {
            description +=
                "; too many programs of this user watch files: end some, or raise the limit with "
                + "`sysctl fs.inotify.max_user_instances=1024`"
        }
    }

    /// A folder cannot be watched.
    init(_ error: SystemError, on folder: String, beside count: Int) {
        description = "cannot watch `\(folder)`: \(error)"
        if error.number == ENOSPC {
            description +=
                "; \(count) folders are watched already, and the kernel's limit for this user is reached: leave folders out "
                + "with `ignore`, or raise the limit with `sysctl fs.inotify.max_user_watches=1048576`"
        }
    }
}
