// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf volume create`: makes a volume.
final class VolumeCreateCommand {
    private let global: GlobalOptions
    private var request = VolumeCreateRequest()
    private var name: String?

    private init(_ global: GlobalOptions) {
        self.global = global
        request.driver = "local"
        (request.options, request.labels) = ([:], [:])
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("create", summary: "Make a volume.") { VolumeCreateCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf volume create data
                wharf volume create --label tier=db    without a name of its own
                wharf volume create -o type=tmpfs -o device=tmpfs -o o=size=100m cache
                wharf volume create -o type=none -o o=bind -o device=/srv/data data
                """,
            options: [
                .value("driver", short: "d", "driver", help: "The driver.", default: "local") {
                    self.request.driver = $0
                },
                .pairs("label", "name[=value]", help: "A label.") { self.request.labels?[$0] = $1 },
                .pairs("opt", short: "o", help: "An option of the driver: type, device or o, as mount(8) takes them.") {
                    self.request.options?[$0] = $1
                },
            ],
            positionals: [
                .optional("VOLUME", help: "Its name; one is invented unless given.") { self.name = $0 }
            ],
            run: run
        )
    }

    private func run() throws {
        request.name = name ?? ""
        let volume = try global.client().createVolume(request)
        OutputStream.standard.write(volume.name + "\n")
    }
}
