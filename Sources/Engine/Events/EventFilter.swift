// SPDX-License-Identifier: Apache-2.0

import EngineAPI

/// Which events somebody wants to hear of, as the `filters` of `GET /events` say it.
struct EventFilter: Sendable {
    private let filters: Filters

    private static let known: Set<String> = [
        "config", "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope", "secret",
        "service", "type", "volume",
    ]

    /// Reads filters.
    ///
    /// - Parameter filters: The filters.
    /// - Throws: `badParameter` with a key that there is not.
    init(_ filters: Filters) throws(EngineError) {
        try filters.check(against: Self.known)
        self.filters = filters
    }

    func accepts(_ event: EngineEvent) -> Bool {
        accepts("type", [event.type]) && accepts("scope", [event.scope])
            && accepts("event", [event.action, event.baseAction]) && filters.accept(labels: event.actor.attributes)
            && acceptsContainer(event) && acceptsImage(event) && acceptsObject("network", event)
            && acceptsObject("volume", event) && acceptsObject("daemon", event)
    }

    private func accepts(_ key: String, _ values: [String]) -> Bool {
        let wanted = filters[key]
        return wanted.isEmpty || values.contains { wanted.contains($0) }
    }

    /// A container by its identifier, the start of it, or its name.
    private func acceptsContainer(_ event: EngineEvent) -> Bool {
        let wanted = filters["container"]
        if wanted.isEmpty { return true }
        guard event.type == "container" else {
            return event.actor.attributes["container"].map { id in wanted.contains { id.hasPrefix($0) } } ?? false
        }
        return wanted.contains { text in
            event.actor.id.hasPrefix(text) || event.actor.attributes["name"] == text
        }
    }

    /// An image by what it is called, with or without its tag; containers count by their image.
    private func acceptsImage(_ event: EngineEvent) -> Bool {
        let names =
            event.type == "image"
            ? [event.actor.id, event.actor.attributes["name"] ?? ""] : [event.actor.attributes["image"] ?? ""]
        return accepts("image", names + names.map(Self.withoutTag))
    }

    private static func withoutTag(_ name: String) -> String {
        guard let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") else { return name }
        return String(name[..<colon])
    }

    private func acceptsObject(_ type: String, _ event: EngineEvent) -> Bool {
        let wanted = filters[type]
        if wanted.isEmpty { return true }
        guard event.type == type else { return false }
        return wanted.contains { event.actor.id == $0 || event.actor.attributes["name"] == $0 }
    }
}
