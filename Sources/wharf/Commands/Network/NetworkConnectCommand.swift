// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Glibc

/// `wharf network connect`: has a container in a network.
final class NetworkConnectCommand {
    private let global: GlobalOptions
    private var network = ""
    private var container = ""
    private var endpoint = NetworkEndpoint()
    private var addresses = NetworkEndpoint.IPAMConfig()

    private init(_ global: GlobalOptions) {
        self.global = global
        (endpoint.aliases, endpoint.driverOpts) = ([], [:])
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("connect", summary: "Have a container in a network.") { NetworkConnectCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf network connect back web
                wharf network connect --alias db --ip 10.1.0.9 back postgres
                """,
            options: options(),
            positionals: [
                .network(of: global) { self.network = $0 }, .container(of: global) { self.container = $0 },
            ],
            run: run
        )
    }

    private func options() -> [Option] {
        [
            .list("alias", "name", help: "One more name in the network.") { self.endpoint.aliases?.append($0) },
            .list("driver-opt", "name=value", help: "An option of the driver.") { text throws(InvalidValue) in
                let (name, value) = try ContainerOptions.driverOption(text)
                self.endpoint.driverOpts?[name] = value
            },
            .number(
                "gw-priority",
                "number",
                help: "The network with the highest number gives the default route; it may be negative.",
                default: "0"
            ) { self.endpoint.gatewayPriority = $0 },
            .value("ip", "address", help: "Its IPv4 address.") { text throws(InvalidValue) in
                self.addresses.ipv4Address = try ContainerOptions.address(text, AF_INET)
            },
            .value("ip6", "address", help: "Its IPv6 address.") { text throws(InvalidValue) in
                self.addresses.ipv6Address = try ContainerOptions.address(text, AF_INET6)
            },
            .value("link", "container[:alias]", help: "A name for another container.", isRepeatable: true) {
                text throws(InvalidValue) in
                self.endpoint.links = (self.endpoint.links ?? []) + [try ContainerOptions.link(text)]
            },
            .list("link-local-ip", "address", help: "A link-local address.") { text throws(InvalidValue) in
                let address = try ContainerOptions.address(text)
                self.addresses.linkLocalIPs = (self.addresses.linkLocalIPs ?? []) + [address]
            },
        ]
    }

    private func run() throws {
        endpoint.ipamConfig = addresses
        var request = NetworkConnectRequest()
        (request.container, request.endpoint) = (container, endpoint)
        try global.client().connectNetwork(network, request)
    }
}
