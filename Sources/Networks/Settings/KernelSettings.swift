// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Settings of the kernel for a network, which are files below `/proc/sys/net` (Documentation/networking/ip-sysctl.rst).
///
/// They are those of the thread's network namespace.
enum KernelSettings {
    /// Runs a function on a thread in a network, where that is not the calling thread's own.
    static func run<Value: Sendable>(
        inNetworkOf network: Int32?,
        _ body: @escaping @Sendable () throws -> Value
    ) throws -> Value {
        guard let network else { return try body() }
        return try BlockingCall.runAndJoin {
            try enterNetwork(network)
            return try body()
        }
    }

    /// The value of a setting.
    ///
    /// - Parameter path: Its path below `/proc/sys/net`.
    /// - Returns: The value; nil where the kernel has no such setting.
    static func value(_ path: String) -> String? {
        guard let bytes = try? Descriptor.open("/proc/sys/net/\(path)", O_RDONLY).contents(limit: 256) else {
            return nil
        }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// Changes a setting, where it is another one.
    ///
    /// - Parameters:
    ///   - path: Its path below `/proc/sys/net`.
    ///   - value: The value.
    /// - Returns: Whether it was another one.
    /// - Throws: The error of open(2), read(2) or write(2).
    @discardableResult
    static func set(_ path: String, to value: String) throws(SystemError) -> Bool {
        let file = try Descriptor.open("/proc/sys/net/\(path)", O_RDWR)
        let present = try file.contents(limit: 256).prefix { $0 != UInt8(ascii: "\n") }
        if present.elementsEqual(value.utf8) { return false }
        try file.write(Array(value.utf8))
        return true
    }
}
