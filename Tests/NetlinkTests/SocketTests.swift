// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
import Netlink
import NetlinkSupport
import TestSupport
import Testing

@Suite struct `A netlink socket` {
    @Test func `is in the namespace that it was opened for`() throws {
        let (first, second) = (try TestNetwork(), try TestNetwork())
        try first.route.send(.createLink(.bridge(), LinkSettings(name: "first")))
        #expect(try NetlinkSocket(.route, inNetworkOf: first.number).link(named: "first") != nil)
        #expect(try NetlinkSocket(.route, inNetworkOf: second.number).link(named: "first") == nil)
        let found = try first.run { try NetlinkSocket(.route).link(named: "first") }
        #expect(found != nil)
    }

    @Test func `has a port of its own`() throws {
        let network = try TestNetwork()
        let other = try NetlinkSocket(.route, inNetworkOf: network.number)
        #expect(other.port != 0)
        #expect(other.port != network.route.port)
    }

    @Test func `cannot be opened in what is no namespace`() throws {
        let file = try Descriptor.open("/dev/null", O_RDONLY)
        let error = try #require(throws: NetlinkError.self) { try NetlinkSocket(.netfilter, inNetworkOf: file.number) }
        #expect(error.code == .failed)
        #expect(error.number == EINVAL)
        #expect(error.description == "cannot open a socket to nfnetlink: setns net: invalid argument")
    }

    /// Sends a datagram from another socket to a port.
    private func send(_ bytes: [UInt8], to port: UInt32, in network: TestNetwork) throws {
        try network.run {
            let number = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue), NETLINK_ROUTE)
            if number < 0 { throw SystemFailure("open", "a socket") }
            let sender = Descriptor(owning: number)
            var address = sockaddr_nl(nl_family: sa_family_t(AF_NETLINK), nl_pad: 0, nl_pid: port, nl_groups: 0)
            let count = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(sender.number, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
                }
            }
            if count != bytes.count { throw SystemFailure("send to", "port \(port)") }
        }
    }

    @Test func `listens to nobody but the kernel`() throws {
        let network = try TestNetwork()
        let forged = Request(type: UInt16(NLMSG_ERROR), structure: Int32(0), action: "deceive")
        for sequence in UInt32(0)..<8 {
            let bytes = try forged.encoded(sequence: sequence, port: network.route.port)
            try send(bytes, to: network.route.port, in: network)
            try send([1, 2, 3], to: network.route.port, in: network)
        }
        let missing = try #require(throws: NetlinkError.self) { try network.route.send(.deleteLink(4711)) }
        #expect(missing.number == ENODEV)
        #expect(try network.route.links().map(\.name) == ["lo"])
    }

    @Test func `may be used by many threads`() async throws {
        let network = try TestNetwork()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<8 {
                group.addTask {
                    let prefix = try #require(IPPrefix("10.9.\(index).1/24"))
                    let address = InterfaceAddress(interface: 1, prefix: prefix)
                    for _ in 0..<20 {
                        try network.route.send(.addAddress(address))
                        let listed = try network.route.addresses()
                        if !listed.contains(where: { $0.prefix == prefix }) {
                            throw SystemFailure(message: "\(prefix) is missing")
                        }
                        try network.route.send(.deleteAddress(address))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try network.route.addresses().isEmpty)
    }

    @Test func `reads a list of many datagrams while it changes`() async throws {
        let network = try TestNetwork()
        let prefixes = (0..<2000).compactMap { IPPrefix("10.\($0 / 250).\($0 % 250).1/24") }
        try network.route.send(prefixes.map { .addAddress(InterfaceAddress(interface: 1, prefix: $0)) })
        let other = try NetlinkSocket(.route, inNetworkOf: network.number)
        let moving = InterfaceAddress(interface: 1, prefix: try #require(IPPrefix("172.16.0.1/24")))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for _ in 0..<200 {
                    try other.send(.addAddress(moving))
                    try other.send(.deleteAddress(moving))
                }
            }
            group.addTask {
                for _ in 0..<20 {
                    do {
                        let listed = Set(try network.route.addresses().map(\.prefix))
                        if !listed.isSuperset(of: prefixes) { throw SystemFailure(message: "the list lacks some") }
                    } catch let error as NetlinkError where error.code == .incomplete {
                        // Said, and not hidden: the list changed each time that it was read.
                        continue
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
