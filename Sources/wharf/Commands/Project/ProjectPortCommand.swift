// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import Terminal

/// `wharf port`: where a port of a service is published.
final class ProjectPortCommand {
    private let global: GlobalOptions
    private var service = ""
    private var port = 0
    private var networkProtocol = "tcp"
    private var index: Int?

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("port", summary: "Show where a port of a service is published.", section: ProjectCommands.section) {
            ProjectPortCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf port web 80
                wharf port --protocol udp dns 53
                wharf port --index 2 web 80      of the second container
                """,
            options: [
                .index { self.index = $0 },
                .value(
                    "protocol",
                    "name",
                    help: "The protocol.",
                    allowed: ["tcp", "udp", "sctp"],
                    default: "tcp"
                ) { self.networkProtocol = $0 },
            ],
            positionals: [
                .service(of: global) { self.service = $0 },
                .one("PRIVATE_PORT", help: "The port of the container.") { text throws(InvalidValue) in
                    guard let number = UInt16(text), number > 0 else { throw InvalidValue("a port from 1 to 65535") }
                    self.port = Int(number)
                },
            ],
            run: run
        )
    }

    private func run() throws {
        let scope = try ProjectScope(global, of: service)
        let container = try scope.container(of: scope.service(service), index: index)
        let published = container.ports.filter { $0.publicPort > 0 }
        let fitting = published.filter { $0.privatePort == port && $0.type == networkProtocol }
        // The older kind of addresses first, as they are short.
        guard let found = fitting.first(where: { !$0.ip.contains(":") }) ?? fitting.first else {
            let others =
                published.isEmpty ? "it publishes none" : "it publishes \(PortText.text(published))"
            let wanted = "\(port)/\(networkProtocol)"
            throw CommandFailure(message: "no port \(wanted) for container \(container.name): \(others)")
        }
        OutputStream.standard.write("\(PortText.host(found.ip)):\(found.publicPort)\n")
    }
}
