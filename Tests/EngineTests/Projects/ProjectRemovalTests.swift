// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Netlink
import NetlinkSupport
import Reconciler
import TestSupport
import Testing

@testable import Engine

@Suite struct `The networks of a project that goes` {
    /// The ends of containers on the host, but for those of networks that are made ahead.
    private func ends(_ machine: TestHost) throws -> Set<String> {
        let links = try machine.network.route.links().filter { $0.master != nil }
        return Set(links.map(\.name).filter { $0.hasPrefix(HostNetworks.endPrefix) })
    }

    /// A project of which the last container ends when it is told to, long after the first.
    private static let lasting = """
        services:
          first: {depends_on: [last]}
          last: {pre_stop: [{command: [sh, -c, "until test -e /tmp/go; do sleep 0.01; done"]}]}
        """

    /// Begins to take the project down, and does something once its first container has gone; then the last one goes as well.
    private func takeDown(
        _ project: TestedProject,
        meanwhile body: () async throws -> Void
    ) async throws -> TestedProject.Story {
        let story = TestedProject.Story()
        async let down = project.conduct(.down, into: story)
        try await story.waitForProgress("p-first-1 Removed")
        try await body()
        _ = try await project.output(of: "touch /tmp/go", in: "last-1")
        return try await down
    }

    @Test(arguments: EngineKind.allCases)
    func `have what ended containers leave behind until all have ended`(kind: EngineKind) async throws {
        try await TestedProject.with(kind) { project, machine in
            try await project.succeed(Self.lasting)
            let before = try ends(machine)
            #expect(before.count == 2)
            try await project.host.makeNetwork("other")
            let story = try await takeDown(project) {
                // The kernel clears namespaces away in the order in which they are left.
                _ = try await project.host.output(of: "true", on: ["other"])
                try await wait { try ends(machine).isSubset(of: before) }
                #expect(try ends(machine) == before)
            }
            #expect(story.outcome == .done)
            try await wait { try ends(machine).isEmpty }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `have nothing of them where somebody comes`(kind: EngineKind) async throws {
        try await TestedProject.with(kind) { project, machine in
            try await project.succeed(Self.lasting)
            let guest = try await project.host.create(["sleep", "1000000"], named: "guest") { $0.use(["p_default"]) }
            let before = try ends(machine)
            let story = try await takeDown(project) {
                try await project.host.engine.startContainer(guest)
                try await wait { try ends(machine).intersection(before).count == 1 }
            }
            #expect(story.outcome == .done)
            #expect(story.progress.contains("p_default Resource is still in use"), "\(story)")
            try await wait { try ends(machine).isDisjoint(with: before) }
            #expect(try ends(machine).count == 1)
            try await project.host.engine.removeContainer(guest, force: true, volumes: false)
        }
    }

    @Test func `are not found any more, and can be made again at once`() async throws {
        try await TestedProject.with(.kept) { project, machine in
            let text = """
                services: {a: {}, b: {}, c: {}}
                networks:
                  default:
                    driver_opts: {com.docker.network.bridge.name: again0}
                    ipam: {config: [{subnet: 10.213.0.0/24}]}
                """
            for _ in 0..<3 {
                try await project.succeed(text)
                #expect(try machine.network.route.link(named: "again0") != nil)
                let story = try await project.conduct(.down)
                #expect(story.outcome == .done, "\(story)")
                #expect(!(project.host.engine.networks.all.contains { $0.name == "p_default" }))
            }
            try await wait { try machine.network.route.link(named: "again0") == nil }
        }
    }
}
