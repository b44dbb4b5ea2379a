// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import JSONTree
import Terminal

/// `wharf engine status`: whether an engine runs, and what it does.
final class EngineStatusCommand {
    private let global: GlobalOptions
    private var format = "pretty"

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("status", summary: "Show whether an engine runs, and what it does.") {
            EngineStatusCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf engine status
                wharf engine status --format json     for scripts
                """,
            notes: "The exit status is 0 where an engine runs, and 1 where none does. None is started.",
            options: [
                .value(
                    "format",
                    "form",
                    help: "The form of the output.",
                    allowed: ["pretty", "json"],
                    default: "pretty"
                ) { self.format = $0 }
            ],
            run: run
        )
    }

    private func run() throws {
        let location = try global.engineLocation()
        let client = try global.client(startsEngine: false)
        do {
            let status = try client.status()
            OutputStream.standard.write(
                format == "json"
                    ? try Self.json(status, socket: client.socket) : Self.text(status, socket: client.socket)
            )
        } catch let error as ClientError where error.code == .notRunning {
            if format == "json" {
                let json: JSON = [
                    "running": .bool(false), "data": .string(location.data), "runtime": .string(location.runtime),
                    "socket": .string(client.socket),
                ]
                OutputStream.standard.write(json.text() + "\n")
            } else {
                OutputStream.standard.write(
                    "no engine runs for \(location.data); the first command that needs one starts it\n"
                )
            }
            throw CommandFailure()
        }
    }

    private static func json(_ status: EngineStatus, socket: String) throws -> String {
        let json: JSON = [
            "running": .bool(true),
            "version": .string(status.version),
            "pid": .integer(status.pid),
            "started": .string(status.started.description),
            "keeperPID": status.keeperPID.map { .integer($0) } ?? .null,
            "data": .string(status.data),
            "runtime": .string(status.runtime),
            "socket": .string(socket),
            "containers": .integer(status.containers),
            "containersRunning": .integer(status.containersRunning),
            "images": .integer(status.images),
            "memory": .integer(status.memory),
            "keeperMemory": status.keeperMemory.map { .integer($0) } ?? .null,
        ]
        return json.text() + "\n"
    }

    private static func text(_ status: EngineStatus, socket: String) -> String {
        let age = HumanUnits.duration(seconds: Double(HumanUnits.now - status.started.seconds))
        let keeper =
            status.keeperPID.map { pid in
                "process \(pid)" + (status.keeperMemory.map { ", \(HumanUnits.binarySize(Double($0)))" } ?? "")
            } ?? "none: containers end with the engine"
        let rows = [
            (
                "engine",
                "version \(status.version), process \(status.pid), \(HumanUnits.binarySize(Double(status.memory)))"
            ),
            ("running", "for \(age.prefix(1).lowercased() + age.dropFirst())"),
            ("keeper", keeper),
            ("containers", "\(status.containers), \(status.containersRunning) of them running"),
            ("images", "\(status.images)"),
            ("data", status.data),
            ("runtime", status.runtime),
            ("socket", socket),
        ]
        return rows.map { label, value in
            label + String(repeating: " ", count: 12 - label.count) + value + "\n"
        }.joined()
    }
}
