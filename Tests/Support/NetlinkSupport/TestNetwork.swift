// SPDX-License-Identifier: Apache-2.0

import CLinux
import FoundationEssentials
import Glibc
package import Linux
package import Netlink
import TestSupport

/// A network namespace of one test, gone with the last reference: nothing but this descriptor keeps it.
package final class TestNetwork: Sendable {
    private let descriptor: Descriptor
    package let route: NetlinkSocket
    package let netfilter: NetlinkSocket

    /// The number of the descriptor, valid while the network lives.
    package var number: Int32 { descriptor.number }

    /// The same, for those who share it.
    package var shared: SharedDescriptor? { SharedDescriptor(try? descriptor.duplicate()) }

    package init() throws {
        // The thread ends with the call, and leaves the namespace to the descriptor.
        let number = try BlockingCall.runAndJoin {
            try SystemError.check(clinux_unshare(Int32(CLONE_NEWNET)), "unshare")
            let result = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
            if result < 0 { throw SystemFailure("open", "/proc/thread-self/ns/net") }
            return result
        }
        descriptor = Descriptor(owning: number)
        route = try NetlinkSocket(.route, inNetworkOf: number)
        netfilter = try NetlinkSocket(.netfilter, inNetworkOf: number)
    }

    /// Runs a function on a thread in the network.
    package func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        let number = number
        return try BlockingCall.runAndJoin {
            try SystemError.check(clinux_setns(number, Int32(CLONE_NEWNET)), "setns")
            return try body()
        }
    }

    /// The standard output of a program that runs in the network and succeeds.
    package func output(of program: String, _ arguments: [String]) throws -> String {
        let network = "--net=/proc/\(getpid())/fd/\(number)"
        let outcome = try Command("nsenter", [network, program] + arguments).run()
        guard outcome.end == .exit(0) else {
            throw SystemFailure(message: "\(program) \(arguments.joined(separator: " ")): \(outcome.errors)")
        }
        return outcome.output
    }

    /// What `ip -j` says.
    package func ip<Value: Decodable>(_ arguments: String..., as type: Value.Type = Value.self) throws -> Value {
        let text = try output(of: "ip", ["-j", "-d"] + arguments)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(text.utf8))
    }

    /// What `nft list` says, line by line without indentation.
    package func nft(_ arguments: String...) throws -> [String] {
        let text = try output(of: "nft", ["-n", "list"] + arguments)
        return text.split(separator: "\n").map { line in String(line.drop { $0 == "\t" || $0 == " " }) }
    }

    /// The objects of one kind in `nft -j list ruleset`.
    package func nftObjects<Value: Decodable>(_ kind: String, as type: Value.Type = Value.self) throws -> [Value] {
        let text = try output(of: "nft", ["-j", "list", "ruleset"])
        let all = try JSONDecoder().decode([String: [[String: Object<Value>]]].self, from: Data(text.utf8))
        return all["nftables"]?.compactMap { $0[kind]?.value } ?? []
    }
}

/// A value where there is something else in other places.
private struct Object<Value: Decodable>: Decodable {
    var value: Value?

    init(from decoder: any Decoder) throws {
        value = try? Value(from: decoder)
    }
}
