// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import FoundationEssentials
import OCI
import Store
import Testing

@testable import Engine

/// Values for tests of requests and specifications, written as the JSON that clients send.
enum Sample {
    static let id: ObjectID = {
        guard let id = ObjectID("0123456789ab" + String(repeating: "c", count: 52)) else {
            preconditionFailure("an id")
        }
        return id
    }()

    /// A machine with two processors, every controller of version 1, and limits that cannot be raised.
    static let machine: Machine = {
        var machine = Machine()
        machine.processors = [0, 1]
        machine.hardLimits = ["nofile": 4096, "core": .max]
        machine.raisesLimits = false
        machine.hostName = "themachine"
        machine.controls.isMemoryVersionOne = true
        return machine
    }()

    /// A request; without a command it runs `true`.
    static func request(_ json: String = "{}") throws -> ContainerCreateRequest {
        var request = try JSONDecoder().decode(ContainerCreateRequest.self, from: Data(json.utf8))
        if request.config.cmd == nil { request.config.cmd = ["true"] }
        return request
    }

    static func image(_ json: String = "{}") throws -> OCI.ContainerConfig {
        try JSONDecoder().decode(OCI.ContainerConfig.self, from: Data(json.utf8))
    }

    /// A request in its settled form.
    static func settled(_ json: String = "{}", on machine: Machine = machine) throws -> ContainerCreateRequest {
        try RequestChecker.settle(request(json), image: OCI.ContainerConfig(), id: id, on: machine).request
    }

    /// A container of a request.
    static func snapshot(
        _ json: String = "{}",
        id: ObjectID = id,
        name: String = "box",
        _ change: (inout ContainerSnapshot) -> Void = { _ in }
    ) throws -> ContainerSnapshot {
        var snapshot = ContainerSnapshot(
            id: id,
            name: try ContainerName(name),
            created: Timestamp(seconds: 1_700_000_000),
            definition: ContainerDefinition(request: try settled(json), image: "sha256:00", layers: []),
            state: ContainerRecord.State(),
            details: ContainerDetails(),
            execs: [],
            folder: ContainerFolder(path: "/data/containers/\(id)")
        )
        change(&snapshot)
        return snapshot
    }

    /// The specification of a request.
    static func specification(
        _ json: String = "{}",
        _ change: (inout SpecificationBuilder.Context) -> Void = { _ in }
    ) throws -> ContainerSpecification {
        var context = SpecificationBuilder.Context()
        change(&context)
        return try SpecificationBuilder.specification(of: snapshot(json), context)
    }
}

/// The error of the API that a function throws; nil where it throws none.
func engineError(_ body: () throws -> Void) -> EngineError? {
    do {
        try body()
        return nil
    } catch {
        return error as? EngineError
    }
}
