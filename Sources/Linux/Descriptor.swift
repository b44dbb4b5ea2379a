// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// An open file descriptor that has one owner and is closed at the end of its life.
///
/// Every descriptor of ours is close-on-exec. Numbers leave this type only for a call that borrows them.
package struct Descriptor: ~Copyable, Sendable {
    /// The number, valid while the descriptor lives.
    package let number: Int32

    /// Takes over an open descriptor.
    package init(owning number: Int32) {
        precondition(number >= 0, "a descriptor is not negative")
        self.number = number
    }

    deinit {
        // EINTR and EIO do not leave it open on Linux (close(2)); there is nobody to tell.
        close(number)
    }

    /// A path by which this process can name what is open, as long as it is (proc(5), `/proc/self/fd`).
    package var path: String { "/proc/self/fd/\(number)" }

    /// Gives the number away; the new owner closes it.
    package consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }

    /// Another descriptor of the same open file.
    package borrowing func duplicate() throws(SystemError) -> Descriptor {
        Descriptor(owning: try SystemError.check(clinux_dup_cloexec(number), "dup"))
    }
}
