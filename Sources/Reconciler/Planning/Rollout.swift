// SPDX-License-Identifier: Apache-2.0

import Compose

/// How the containers of a service are replaced, as `deploy.update_config` says it.
struct Rollout {
    /// What a failure of a new container leads to.
    enum FailureAction {
        /// Nothing else of it is replaced; what there is stays.
        case pause
        /// The rest is replaced all the same.
        case proceed
        /// The old ones come back.
        case rollback
    }

    /// Whether the compose file says anything about it.
    var isAsked: Bool
    /// How many at a time; 0 for all.
    var parallelism: Int
    /// The time between two batches, in milliseconds.
    var delay: Int
    /// Whether new ones are started before the old ones are stopped.
    var startsFirst: Bool
    var failureAction: FailureAction
    /// How long new ones are watched, in milliseconds; nil: until they are ready.
    var monitor: Int?
    /// The share of new ones that may fail, from 0 to 1.
    var maxFailureRatio: Float

    /// - Parameters:
    ///   - config: What the file says; nil for nothing.
    ///   - parallelism: How many at a time where it does not say so.
    init(_ config: UpdateConfig?, parallelism: UInt = 1) {
        isAsked = config != nil
        self.parallelism = config.map { Int(clamping: $0.parallelism ?? parallelism) } ?? 0
        delay = config?.delay.map(Self.milliseconds) ?? 0
        startsFirst = config?.order == .startFirst
        failureAction =
            switch config?.failureAction {
            case "continue": .proceed
            case "rollback": .rollback
            default: .pause
            }
        monitor = config?.monitor.map(Self.milliseconds)
        maxFailureRatio = config?.maxFailureRatio ?? 0
    }

    private static func milliseconds(_ duration: Duration) -> Int {
        Int(duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000)
    }

    /// Some things in batches of its size.
    func batches<Item>(of items: [Item]) -> [[Item]] {
        guard parallelism > 0 else { return items.isEmpty ? [] : [items] }
        return stride(from: 0, to: items.count, by: parallelism).map { start in
            Array(items[start..<min(start + parallelism, items.count)])
        }
    }

    /// How many of some new containers may fail.
    func failures(of count: Int) -> Int {
        let share = Float(count) * max(0, min(1, maxFailureRatio))
        return Int(share.rounded(.down))
    }
}

extension Service {
    /// What keeps a new container from starting beside the old one, as only one can have it.
    ///
    /// - Parameter count: How many containers there are at most at the same time.
    /// - Returns: What it is; nil where there is nothing.
    func exclusive(for count: Int) -> String? {
        for port in ports {
            guard let room = port.fixedPort == nil ? port.publishedRange?.count : 1, room < count else { continue }
            return "the port \(port.published ?? "")"
        }
        for (key, settings) in networks.sorted(by: { $0.key < $1.key }) {
            guard let settings else { continue }
            if let address = settings.ipv4Address ?? settings.ipv6Address ?? settings.macAddress {
                return "the address \(address) in the network \(key)"
            }
        }
        return macAddress.map { "the address \($0)" }
    }
}

extension Port {
    /// The one port of the host that it publishes at; nil for none, for any, and for one of a range.
    var fixedPort: UInt16? { published.flatMap(UInt16.init).flatMap { $0 > 0 ? $0 : nil } }

    /// The ports of the host of which it publishes at one; nil where it is not a range.
    var publishedRange: ClosedRange<UInt16>? {
        let ends = (published ?? "").split(separator: "-").compactMap { UInt16($0) }
        guard ends.count == 2, ends[0] <= ends[1] else { return nil }
        return ends[0]...ends[1]
    }
}
