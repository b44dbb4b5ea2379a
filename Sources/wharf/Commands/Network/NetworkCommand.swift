// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient

/// `wharf network`: the networks of the engine.
enum NetworkCommand {
    static func command(_ global: GlobalOptions) -> Command {
        Command(
            "network",
            aliases: ["networks"],
            summary: "Make, list and remove networks, and have containers in them.",
            subcommands: [
                NetworkConnectCommand.command(global), NetworkCreateCommand.command(global),
                NetworkDisconnectCommand.command(global), NetworkInspectCommand.command(global),
                NetworkListCommand.command(global), NetworkPruneCommand.command(global),
                NetworkRemoveCommand.command(global),
            ]
        ) {
            Syntax(
                examples: """
                    wharf network create back             make a network
                    wharf container run --network back …  run a container in it
                    wharf network connect back web        have one more container in it
                    wharf network rm back                 remove it when no container is in it
                    """
            )
        }
    }
}

extension Completion {
    /// The names of the networks.
    ///
    /// - Parameters:
    ///   - global: The options that tell where the engine is.
    ///   - onlyOwn: Whether those that every engine has are left out.
    /// - Returns: The names.
    static func networks(of global: GlobalOptions, onlyOwn: Bool = false) -> Completion {
        .computed {
            quickly {
                let engine = try global.client(startsEngine: false)
                return try engine.listNetworks().map(\.name).filter {
                    !onlyOwn || !["bridge", "host", "none"].contains($0)
                }
            }
        }
    }
}

extension Positional {
    /// One network.
    static func network(of global: GlobalOptions, store: @escaping (String) -> Void) -> Positional {
        .one("NETWORK", help: "The network, by name or identifier.", completion: .networks(of: global)) { store($0) }
    }

    /// Networks, of which there must be one.
    static func networks(
        of global: GlobalOptions,
        onlyOwn: Bool = false,
        store: @escaping (String) -> Void
    ) -> Positional {
        .some(
            "NETWORK",
            help: "The networks, by name or identifier.",
            completion: .networks(of: global, onlyOwn: onlyOwn)
        ) { store($0) }
    }
}
