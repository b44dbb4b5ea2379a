// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux

/// Takes the calling thread into a network; the thread ends soon, since others could be surprised by where it is.
///
/// - Parameter network: The number of a descriptor of a network namespace, or of a pidfd of a process in it.
/// - Throws: The error of setns(2).
func enterNetwork(_ network: Int32) throws(SystemError) {
    try SystemError.check(clinux_setns(network, Int32(CLONE_NEWNET)), "setns", on: "net")
}
