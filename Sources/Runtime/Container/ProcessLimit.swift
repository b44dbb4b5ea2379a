// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI

/// Limits of setrlimit(2) by name.
enum ProcessLimit {
    /// The kernel's numbers, from `asm-generic/resource.h`.
    private static let numbers: [String: UInt64] = [
        "RLIMIT_CPU": 0, "RLIMIT_FSIZE": 1, "RLIMIT_DATA": 2, "RLIMIT_STACK": 3, "RLIMIT_CORE": 4, "RLIMIT_RSS": 5,
        "RLIMIT_NPROC": 6, "RLIMIT_NOFILE": 7, "RLIMIT_MEMLOCK": 8, "RLIMIT_AS": 9, "RLIMIT_LOCKS": 10,
        "RLIMIT_SIGPENDING": 11, "RLIMIT_MSGQUEUE": 12, "RLIMIT_NICE": 13, "RLIMIT_RTPRIO": 14, "RLIMIT_RTTIME": 15,
    ]

    /// The kernel's number of a limit that this process can set.
    ///
    /// - Parameters:
    ///   - limit: The limit.
    ///   - field: Where it stands, for errors.
    /// - Returns: The number.
    /// - Throws: An unknown name, a soft limit above the hard one, or a hard limit above ours without
    ///   `CAP_SYS_RESOURCE`: the kernel would refuse it later with less to say.
    static func check(_ limit: RuntimeSpec.ResourceLimit, field: String) throws(LaunchError) -> UInt64 {
        guard let number = numbers[limit.type] else {
            throw .specification(field: "\(field).type", "`\(limit.type)` is not a limit of setrlimit(2)")
        }
        guard limit.soft <= limit.hard else {
            throw .specification(
                field: field,
                "the soft limit \(limit.soft) of \(limit.type) is above the hard limit \(limit.hard)"
            )
        }
        var own = rlimit()
        guard getrlimit(__rlimit_resource_t(UInt32(number)), &own) == 0 else {
            throw .setup(field, SystemError("getrlimit", errno, on: limit.type))
        }
        if limit.hard > UInt64(own.rlim_max), !mayRaise {
            throw .specification(
                field: field,
                """
                the hard limit \(limit.hard) of \(limit.type) is above this machine's \(own.rlim_max), and without \
                CAP_SYS_RESOURCE it cannot be raised; lower it, or raise the limit of the engine
                """
            )
        }
        return number
    }

    private static let mayRaise = (try? CapabilitySet.ofThisThread().effective.contains(.sysResource)) ?? false
}
