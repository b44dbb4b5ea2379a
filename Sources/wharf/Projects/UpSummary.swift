// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import EngineClient
import Terminal

/// What `up` says at its end: where the services are to be found.
struct UpSummary {
    private let client: EngineClient
    private let wanted: WantedProject

    init(_ client: EngineClient, _ wanted: WantedProject) {
        self.client = client
        self.wanted = wanted
    }

    /// Shows the published ports of what runs, where progress is shown to people.
    func show(_ work: ProjectWork) throws {
        // Nobody waits for an answer that shows nothing.
        guard work.isForPeople, wanted.project.services.values.contains(where: { !$0.ports.isEmpty }) else { return }
        let filters = Filters(["label": ProjectLabel.containers(of: wanted.project.name)])
        let lines = try client.listContainers(showsAll: false, filters)
            .sorted { $0.name < $1.name }
            .compactMap { container -> String? in
                let ports = PublishedAddresses.lines(of: container)
                return ports.isEmpty ? nil : " \(container.service)  \(ports.joined(separator: ", "))"
            }
        work.summarise(lines)
    }
}

/// The published ports of a container as people type them.
enum PublishedAddresses {
    /// `http://127.0.0.1:8080 → 80`, each port once.
    static func lines(of container: ContainerSummary) -> [String] {
        var seen: Set<String> = []
        return container.ports.compactMap { port in
            guard port.publicPort != 0 else { return nil }
            let host = ["", "0.0.0.0", "::"].contains(port.ip) ? "127.0.0.1" : port.ip
            let shown = host.contains(":") ? "[\(host)]" : host
            let text = "\(shown):\(port.publicPort) → \(port.privatePort)/\(port.type)"
            return seen.insert(text).inserted ? text : nil
        }
    }
}
