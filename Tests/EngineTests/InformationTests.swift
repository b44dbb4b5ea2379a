// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import TestSupport
import Testing

@testable import Engine

@Suite struct `What the engine says of itself` {
    private let scratch: Scratch
    private let engine: Engine

    init() throws {
        scratch = try Scratch()
        let location = EngineLocation(data: scratch.path, runtime: scratch / "run")
        engine = try Engine(at: location, keeping: .embedded)
    }

    @Test func `the version names the versions of the API and of the kernel`() throws {
        let version = engine.version()
        #expect(version.version == ProductVersion.number)
        #expect(version.apiVersion == "1.51" && version.minimumAPIVersion == "1.24")
        #expect(version.kernelVersion == (try Command("/bin/uname", ["-r"]).run().output.filter { $0 != "\n" }))
        let details = try #require(version.components.first?.details)
        #expect(details["ApiVersion"] == version.apiVersion && details["KernelVersion"] == version.kernelVersion)
    }

    @Test func `the machine is described as other programs see it`() throws {
        let information = try engine.machineInformation()
        #expect(information.name == (try Command("/bin/uname", ["-n"]).run().output.filter { $0 != "\n" }))
        #expect(
            "\(information.processorCount)\n" == (try Command("/usr/bin/getconf", ["_NPROCESSORS_ONLN"]).run().output)
        )
        let memory = try readText("/proc/meminfo").split(separator: "\n").first { $0.hasPrefix("MemTotal:") }
        #expect(memory?.contains(" \(information.totalMemory >> 10) kB") == true)
        #expect(information.root == scratch.path)
        #expect(information.osType == "linux" && !information.operatingSystem.isEmpty)
        #expect(["1", "2", "none"].contains(information.cgroupVersion))
    }

    @Test func `the name of an engine is made once`() async throws {
        let names = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<16 { group.addTask { try engine.machineInformation().id } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(names.count == 1)
        #expect(names.first?.count == 36)
        #expect(TestSupport.names(in: scratch.path).filter { $0.hasPrefix("engine-id") } == ["engine-id"])
    }

    @Test func `a name that cannot be read stays where it is`() throws {
        try scratch.write("engine-id", "")
        let error = #expect(throws: EngineError.self) { try engine.machineInformation() }
        #expect(error?.message.contains("engine-id is empty; remove it") == true)
        #expect(try scratch.text("engine-id") == "")
    }
}
