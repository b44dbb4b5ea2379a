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
        if let port {
            guard let bindings = ports[port].flatMap({ $0 }), !bindings.isEmpty else {
                throw CommandFailure(message: "no public port '\(port)' published for \(name)")
            }
            OutputStream.standard.write(bindings.map { Self.text($0) + "\n" }.joined())
            return
        }
        let lines = ports.flatMap { port, bindings in (bindings ?? []).map { "\(port) -> \(Self.text($0))\n" } }
        OutputStream.standard.write(
            lines.sorted { left, right in
                let (first, second) = (Int(left.prefix { $0 != "/" }) ?? 0, Int(right.prefix { $0 != "/" }) ?? 0)
                return first == second ? left < right : first < second
            }.joined()
        )
    }

    private static func text(_ binding: PortBinding) -> String {
        "\(PortText.host(binding.hostIP)):\(binding.hostPort)"
    }
}
