// SPDX-License-Identifier: Apache-2.0

import enum Terminal.TextCells

/// What stands in the box of a service, fitted to its width.
struct NodeBox {
    /// A text that may have been shortened.
    struct Fitted {
        var text: String
        var full: String

        var isShortened: Bool { text != full }
    }

    /// A published port with its width.
    struct Badge {
        var text: String
        var width: Double
    }

    private(set) var name: Fitted
    private(set) var subtitle: Fitted?
    private(set) var badges: [Badge] = []
    private(set) var hiddenBadges = 0
    private(set) var volumes: Fitted?
    /// The colours of its networks, by index in ``ServiceGraph/networks``.
    private(set) var networks: [Int]
    private(set) var size: Size
    let isMissing: Bool

    static let padding = 12.0
    static let nameSize = 13.0
    static let subtitleSize = 11.0
    static let badgeSize = 10.0
    static let volumeSize = 10.5
    static let iconWidth = 14.0
    static let dotDistance = 9.0
    private static let widths = 112.0...216.0
    private static let dotLimit = 6

    /// The boxes of all services, of one width so that rows and columns are even.
    static func boxes(_ graph: ServiceGraph) -> [NodeBox] {
        var index: [String: Int] = [:]
        for (position, network) in graph.networks.enumerated() where index[network.name] == nil {
            index[network.name] = position
        }
        // One network that everything is on tells nothing.
        let shown = graph.networks.count > 1
        let dots = graph.services.map { service in
            shown ? Array(Set(service.networks.compactMap { index[$0] }).sorted().prefix(dotLimit)) : []
        }
        let width = zip(graph.services, dots).map { wish($0, dots: $1.count) }.max() ?? 0
        let clamped = min(max(width.rounded(.up), widths.lowerBound), widths.upperBound)
        return zip(graph.services, dots).map { NodeBox($0, networks: $1, width: clamped) }
    }

    private static func dotsWidth(_ count: Int) -> Double {
        count == 0 ? 0 : Double(count) * dotDistance + 6
    }

    private static func badge(_ port: String) -> Badge {
        let text = TextMetrics.fit(TextCells.printable(port), into: 150, size: badgeSize)
        return Badge(text: text, width: TextMetrics.width(text, size: badgeSize) + 10)
    }

    /// The width that would show everything.
    private static func wish(_ service: ServiceGraph.Service, dots: Int) -> Double {
        var width = TextMetrics.width(service.name, size: nameSize, bold: true) + dotsWidth(dots)
        if let subtitle = service.subtitle {
            width = max(width, TextMetrics.width(subtitle, size: subtitleSize))
        }
        let badges = service.ports.prefix(2).reduce(-4.0) { $0 + badge($1).width + 4 }
        width = max(width, badges)
        if !service.volumes.isEmpty {
            let text = service.volumes.joined(separator: ", ")
            width = max(width, iconWidth + TextMetrics.width(text, size: volumeSize))
        }
        return width + 2 * padding
    }

    private init(_ service: ServiceGraph.Service, networks: [Int], width: Double) {
        self.networks = networks
        isMissing = service.kind == .missing
        let room = width - 2 * Self.padding
        name = Self.fitted(service.name, room - Self.dotsWidth(networks.count), Self.nameSize, bold: true)
        subtitle = service.subtitle.map { subtitle in
            let clean = TextCells.printable(subtitle)
            return Fitted(text: TextMetrics.fitImage(clean, into: room, size: Self.subtitleSize), full: clean)
        }
        if !service.volumes.isEmpty {
            let text = service.volumes.joined(separator: ", ")
            volumes = Self.fitted(text, room - Self.iconWidth, Self.volumeSize)
        }
        size = Size(width: width, height: 0)
        fitBadges(service.ports, room)
        size.height =
            34 + (subtitle == nil ? 0 : 15) + (badges.isEmpty ? 0 : 23) + (volumes == nil ? 0 : 18)
    }

    private static func fitted(_ text: String, _ room: Double, _ size: Double, bold: Bool = false) -> Fitted {
        let clean = TextCells.printable(text)
        return Fitted(text: TextMetrics.fit(clean, into: room, size: size, bold: bold), full: clean)
    }

    private mutating func fitBadges(_ ports: [String], _ room: Double) {
        var left = room
        for (index, port) in ports.enumerated() {
            let badge = Self.badge(port)
            let isLast = index == ports.count - 1
            guard badge.width <= left - (isLast ? 0 : 26) || badges.isEmpty else { break }
            badges.append(badge)
            left -= badge.width + 4
        }
        hiddenBadges = ports.count - badges.count
    }
}
