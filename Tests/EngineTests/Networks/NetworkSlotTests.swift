// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Linux
import Netlink
import NetlinkSupport
import Networks
import TestSupport
import Testing

@testable import Engine

extension TestHost {
    /// The ends of networks of containers on the host, those that are at no bridge yet.
    fileprivate func spareEnds() throws -> [String] {
        try network.route.links().filter { $0.kind == "veth" && $0.name != "uplink" && $0.master == nil }.map(\.name)
    }

    /// Waits until there is a number of them.
    fileprivate func waitForSpareEnds(_ count: Int) async throws -> [String] {
        try await BlockingCall.run { [self] in
            var ends: [String] = []
            let areThere = try waitUntil {
                ends = try spareEnds()
                return ends.count == count
            }
            guard areThere else { throw SystemFailure(message: "there are \(ends.count) spare ends, not \(count)") }
            return ends
        }
    }
}

@Suite struct `Networks made ahead` {
    @Test(arguments: EngineKind.allCases)
    func `are those of the next containers`(kind: EngineKind) async throws {
        try await TestedEngine.networked(kind) { host, machine in
            try await host.makeNetwork("front")
            try await host.makeNetwork("six") { $0.enablesIPv6 = true }
            #expect(try machine.spareEnds().isEmpty)
            _ = try await host.serve("web", on: ["front"])
            let spare = try await machine.waitForSpareEnds(1)
            // The second one has its first network from there, and the other one made.
            let id = try await host.serve("other", on: ["six", "front"]) { request in
                request.endpoint("six") { $0.ipamConfig = nil }
                request.config.hostname = "machine"
            }
            let unit = try host.engine.containers.find(id)
            let ends = await unit.details.endpoints?.map(\.hostInterface) ?? []
            #expect(ends.first == spare.first)
            #expect(ends.count == 2)
            let first = try #require(ends.first)
            #expect(try machine.network.route.link(named: first)?.master != nil)
            #expect(try await host.output(of: "wget -qO- http://other/", on: ["front"]) == "other\n")
            #expect(try await host.output(of: "wget -qO- http://machine/", on: ["six"]) == "other\n")
            let inside = try await host.output(of: "ip -o addr show eth0; ip -o -6 addr show lo", on: ["six"])
            #expect(inside.contains("inet6 fd") && inside.contains("::1/128"))
        }
    }

    @Test func `are as many as were asked for at once`() async throws {
        try await TestedEngine.networked(.embedded) { host, machine in
            try await host.makeNetwork("front")
            let slots = (0..<3).map { _ in host.engine.slots.take() }
            #expect(slots.allSatisfy { $0 == nil })
            let ends = try await machine.waitForSpareEnds(3)
            // They are made again when they were taken, and not again when they have not.
            var taken: [NetworkSlots.Slot] = []
            for _ in 0..<2 {
                if let slot = host.engine.slots.take() { taken.append(slot) }
            }
            #expect(Set(taken.map(\.network.hostName)).isSubset(of: ends))
            #expect(taken.count == 2)
            _ = try await machine.waitForSpareEnds(5)
        }
    }

    @Test func `are not for those who have no network of their own`() async throws {
        try await TestedEngine.networked(.embedded) { host, machine in
            try await host.makeNetwork("front")
            _ = host.engine.slots.take()
            let spare = try await machine.waitForSpareEnds(1)
            for mode in ["none", "host"] {
                let outcome = try await host.run(["/bin/sh", "-c", "ls /sys/class/net"]) {
                    $0.hostConfig.networkMode = mode
                }
                #expect(outcome.output.contains("lo\n"))
                #expect(!outcome.output.contains("eth0"))
            }
            #expect(try machine.spareEnds() == spare)
        }
    }
}
