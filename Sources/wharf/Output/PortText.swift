// SPDX-License-Identifier: Apache-2.0

import EngineAPI

/// The ports of a container as `docker ps` shows them.
enum PortText {
    /// Ports that follow each other and are the same on both sides.
    private struct Run {
        var address: String
        var type: String
        var first: Int
        var last: Int

        var text: String {
            let range = first == last ? "\(first)" : "\(first)-\(last)"
            return address.isEmpty ? "\(range)/\(type)" : "\(PortText.host(address)):\(range)->\(range)/\(type)"
        }
    }

    /// An address as it stands before a port.
    static func host(_ address: String) -> String { address.contains(":") ? "[\(address)]" : address }

    /// All ports: first the ranges that are complete, then the others, then those that are published as another port.
    static func text(_ ports: [ContainerSummary.Port]) -> String {
        var texts: [String] = []
        var mapped: [String] = []
        var runs: [Run] = []
        let sorted = ports.sorted { left, right in
            (left.privatePort, left.ip, left.publicPort, left.type)
                < (right.privatePort, right.ip, right.publicPort, right.type)
        }
        for port in sorted {
            let own = port.privatePort
            if !port.ip.isEmpty, port.publicPort != own {
                mapped.append("\(host(port.ip)):\(port.publicPort)->\(own)/\(port.type)")
                continue
            }
            let run = Run(address: port.ip, type: port.type, first: own, last: own)
            guard let index = runs.firstIndex(where: { $0.address == port.ip && $0.type == port.type }) else {
                runs.append(run)
                continue
            }
            if own == runs[index].last + 1 {
                runs[index].last = own
            } else {
                texts.append(runs[index].text)
                runs[index] = run
            }
        }
        return (texts + runs.map(\.text) + mapped).joined(separator: ", ")
    }
}
