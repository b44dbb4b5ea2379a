// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf container port`: where the ports of a container are published.
final class ContainerPortCommand {
    private let global: GlobalOptions
    private var name = ""
    private var port: String?

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("port", summary: "Show where the ports of a container are published.") {
            ContainerPortCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container port web
                wharf container port web 80/tcp       only the place of one port
                """,
            positionals: [
                .container(of: global, onlyRunning: true) { self.name = $0 },
                .optional("PORT[/PROTOCOL]", help: "A port of the container; tcp unless given.") {
                    text throws(InvalidValue) in self.port = try Self.key(of: text)
                },
            ],
            run: run
        )
    }

    private static func key(of text: String) throws(InvalidValue) -> String {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let number = UInt16(parts[0]), number > 0,
            parts.count == 1 || ["tcp", "udp", "sctp"].contains(parts[1])
        else { throw InvalidValue("a port from 1 to 65535, perhaps with /tcp, /udp or /sctp") }
        return "\(number)/\(parts.count == 2 ? parts[1] : "tcp")"
    }

    private func run() throws {
        let ports = try global.client().inspectContainer(name).networkSettings.ports
        if let port, (ports[port] ?? nil)?.isEmpty != false {
            throw CommandFailure(message: "no public port '\(port)' published for \(name)")
        }
        OutputStream.standard.write(Self.text(ports, of: port))
    }

    /// Where ports are published, a line for each place.
    ///
    /// - Parameters:
    ///   - ports: The ports with their places.
    ///   - only: The only port whose places count, which are shown alone; nil for all ports.
    /// - Returns: The lines in Docker's order.
    static func text(_ ports: [String: [PortBinding]?], of only: String?) -> String {
        let lines = ports.filter { only == nil || $0.key == only }.flatMap { port, bindings in
            (bindings ?? []).map { (only == nil ? "\(port) -> " : "") + place($0) }
        }
        return lines.sorted(by: NameOrder.precedes).map { $0 + "\n" }.joined()
    }

    private static func place(_ binding: PortBinding) -> String {
        "\(PortText.host(binding.hostIP)):\(binding.hostPort)"
    }
}
