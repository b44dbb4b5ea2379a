// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Tries until something is so, for half a minute at most.
///
/// For what the kernel tells nobody about.
///
/// - Parameter isSo: Looks whether it is so.
/// - Returns: Whether it came to be so.
/// - Throws: What `isSo` throws.
package func waitUntil(_ isSo: () throws -> Bool) throws -> Bool {
    let end = time(nil) + 30
    while time(nil) < end {
        if try isSo() { return true }
        sched_yield()
    }
    return false
}
