// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The loopback interface of a network namespace, which the kernel makes and leaves down.
package enum Loopback {
    /// Brings the interface up, so that programs reach themselves at `127.0.0.1` and `::1`.
    ///
    /// - Parameter process: The number of the pidfd of a process in the network, one that has not ended.
    /// - Throws: The error of setns(2), socket(2) or the requests of netdevice(7).
    package static func bringUp(inNetworkOf process: Int32) throws {
        // The thread that enters the network ends with the call.
        try BlockingCall.runAndJoin {
            try SystemError.check(clinux_setns(process, Int32(CLONE_NEWNET)), "setns", on: "net")
            try setFlags()
        }
    }

    private static func setFlags() throws(SystemError) {
        let result = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if result < 0 { throw SystemError("socket", errno) }
        let socket = Descriptor(owning: result)
        // `struct ifreq`: sixteen bytes for the name, then the flags.
        var request = [UInt8](repeating: 0, count: 40)
        request.replaceSubrange(0..<2, with: Array("lo".utf8))
        if ioctl(socket.number, UInt(SIOCGIFFLAGS), &request) != 0 {
            throw SystemError("ioctl", errno, on: "SIOCGIFFLAGS")
        }
        request[16] |= UInt8(IFF_UP)
        if ioctl(socket.number, UInt(SIOCSIFFLAGS), &request) != 0 {
            throw SystemError("ioctl", errno, on: "SIOCSIFFLAGS")
        }
    }
}
