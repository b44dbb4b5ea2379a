// SPDX-License-Identifier: Apache-2.0

/// Something that happened, one line of `/events`.
package struct EngineEvent: Codable, Equatable, Sendable {
    /// What it happened to.
    package struct Actor: Codable, Equatable, Sendable {
        package var id: String
        /// The labels of the object, and what the action adds to them.
        package var attributes: [String: String]

        private enum CodingKeys: String, CodingKey {
            case id = "ID"
            case attributes = "Attributes"
        }

        package init(id: String, attributes: [String: String] = [:]) {
            self.id = id
            self.attributes = attributes
        }
    }

    /// `container`, `image`, `network`, `volume`, `builder` or `daemon`.
    package var type: String
    /// The action, for some with what follows `: `, such as `exec_start: true`.
    package var action: String
    package var actor: Actor
    package var scope: String
    package var time: Timestamp

    package init(_ type: String, _ action: String, of actor: Actor, at time: Timestamp) {
        self.type = type
        self.action = action
        self.actor = actor
        self.time = time
        scope = "local"
    }

    /// The action without what follows `:`, by which the filter `event` chooses.
    package var baseAction: String { String(action.prefix { $0 != ":" }) }

    private enum CodingKeys: String, CodingKey {
        case status
        case id
        case from
        case type = "Type"
        case action = "Action"
        case actor = "Actor"
        case scope
        case time
        case timeNano
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        type = try container.decode(String.self, forKey: .type)
        action = try container.decode(String.self, forKey: .action)
        actor = try container.decode(Actor.self, forKey: .actor)
        scope = try container.decodeIfPresent(String.self, forKey: .scope) ?? "local"
        if let nanoseconds = try container.decodeIfPresent(Int64.self, forKey: .timeNano) {
            time = Timestamp(unixNanoseconds: nanoseconds)
        } else {
            time = Timestamp(seconds: try container.decode(Int64.self, forKey: .time))
        }
    }

    /// Writes `status`, `id` and `from` besides, where old clients look for them.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        if type == "container" || type == "image" {
            try container.encode(action, forKey: .status)
            if !actor.id.isEmpty { try container.encode(actor.id, forKey: .id) }
        }
        if type == "container", let image = actor.attributes["image"] { try container.encode(image, forKey: .from) }
        try container.encode(type, forKey: .type)
        try container.encode(action, forKey: .action)
        try container.encode(actor, forKey: .actor)
        try container.encode(scope, forKey: .scope)
        try container.encode(time.seconds, forKey: .time)
        try container.encode(time.unixNanoseconds, forKey: .timeNano)
    }
}
