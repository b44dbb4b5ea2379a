// SPDX-License-Identifier: Apache-2.0

package import ConformanceKit
package import EngineClient

/// Takes the states that the steps of one scenario leave, in a form in which two engines can be compared.
///
/// Identifiers become the names of what they identify, in the order in which they are seen. Beside what a container is,
/// its state tells how often one of its name was `made` and how often it was `started` between the steps.
package struct Snapshots {
    /// What is known of a container from step to step.
    private struct History {
        var id = ""
        var startedAt = ""
        var made = 0
        var started = 0
    }

    /// Networks that every engine has.
    static let predefinedNetworks: Set = ["bridge", "host", "none"]

    private let client: EngineClient
    private var words: Words
    private var histories: [String: History] = [:]
    private var oneOffs = 0
    private var anonymousVolumes = 0

    /// - Parameters:
    ///   - client: The engine, of which everything counts.
    ///   - base: The folder above that of the project.
    package init(_ client: EngineClient, base: String) {
        self.client = client
        words = Words(base: base)
    }

    /// A text in which identifiers, times and paths are replaced.
    package func normalized(_ text: String) -> String { words.replace(in: text, isOutput: true) }

    /// The state of the engine.
    ///
    /// - Throws: Where the engine does not tell it.
    package mutating func take() throws -> JSONValue {
        let images = try array("/images/json?all=1")
        for image in images {
            guard let id = image["Id"].text, let tag = image["RepoTags"].texts.filter({ $0 != "<none>:<none>" }).min()
            else { continue }
            words.learn(id: String(id.dropFirst("sha256:".count)), "image \(tag)")
        }
        for network in try array("/networks") {
            if let id = network["Id"].text { words.learn(id: id, "network \(network["Name"].text ?? "")") }
        }
        // Only an inspection tells of a network's containers.
        let networks = try array("/networks").compactMap { $0["Name"].text }
            .filter { !Self.predefinedNetworks.contains($0) }.compactMap { JSONValue.parse(try client.rawNetwork($0)) }
        // The list has the newest first.
        let ids = try array("/containers/json?all=1").reversed().compactMap { $0["Id"].text }
        let containers = ids.compactMap { try? client.rawContainer($0) }.compactMap { JSONValue.parse($0) }
        for container in containers { learn(container) }
        for container in containers.sorted(by: { name($0) < name($1) }) { learnVolumes(of: container) }
        let volumes = try client.get(JSONValue.self, "/volumes")["Volumes"].values
        let tags = images.flatMap { $0["RepoTags"].texts }.filter { $0 != "<none>:<none>" }
        let running = Set(containers.filter { ["running", "paused"].contains($0["State"]["Status"].text) }.map(name))
        return .object([
            "containers": .object(named(containers) { shown($0) }),
            "networks": .object(
                named(networks) { NetworkShape.shown($0, words, running: running) }
            ),
            "volumes": .object(named(volumes) { VolumeShape.shown($0, words) }),
            "images": .array(tags.sorted().map { .string($0) }),
        ])
    }

    private func array(_ path: String) throws -> [JSONValue] {
        try client.get(JSONValue.self, RequestPath(stringLiteral: path)).values
    }

    private func named(_ objects: [JSONValue], _ shape: (JSONValue) -> JSONValue) -> [String: JSONValue] {
        Dictionary(objects.map { (name($0), shape($0)) }, uniquingKeysWith: { first, _ in first })
    }

    private func name(_ object: JSONValue) -> String {
        let name = object["Name"].text ?? ""
        return words.replace(in: name.hasPrefix("/") ? String(name.dropFirst()) : name)
    }

    private mutating func learn(_ container: JSONValue) {
        guard let id = container["Id"].text, let text = container["Name"].text else { return }
        if words.knows(id: id) {
        } else if let slug = text.split(separator: "-run-").last, slug.count == 12,
            text.contains("-run-"), slug.allSatisfy(\.isHexDigit)
        {
            oneOffs += 1
            words.learn(word: String(slug), "one-off-\(oneOffs)")
        }
        words.learn(id: id, name(container))
        var history = histories[name(container)] ?? History()
        let startedAt = container["State"]["StartedAt"].text ?? ""
        if history.id != id { history.made += 1 }
        if history.id != id { history.startedAt = "0001-01-01T00:00:00Z" }
        if history.startedAt != startedAt { history.started += 1 }
        history.id = id
        history.startedAt = startedAt
        histories[name(container)] = history
    }

    private mutating func learnVolumes(of container: JSONValue) {
        let mounts = container["Mounts"].values
        for mount in mounts.sorted(by: { ($0["Destination"].text ?? "") < ($1["Destination"].text ?? "") }) {
            guard let name = mount["Name"].text, name.count == 64, !words.knows(id: name) else { continue }
            anonymousVolumes += 1
            words.learn(id: name, "anonymous \(anonymousVolumes)")
        }
    }

    private func shown(_ container: JSONValue) -> JSONValue {
        var members = ContainerShape.shown(container, words).members
        let history = histories[name(container)] ?? History()
        members["made"] = .integer(Int64(history.made))
        members["started"] = .integer(Int64(history.started))
        return .object(members)
    }
}

/// The words that stand for identifiers and paths in one scenario.
struct Words {
    private let base: String
    private var identifiers: [String: String] = [:]
    private var shortIdentifiers: [String: String] = [:]
    private var others: [String: String] = [:]

    init(base: String) { self.base = base }

    func knows(id: String) -> Bool { identifiers[id] != nil }

    mutating func learn(id: String, _ name: String) {
        // A container that is replaced gets its name at the end; its first one would tell which of two was seen first.
        if identifiers[id] != nil { return }
        identifiers[id] = name
        shortIdentifiers[String(id.prefix(12))] = name
    }

    mutating func learn(word: String, _ name: String) { others[word] = name }

    /// Replaces what differs from engine to engine.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - isOutput: Whether it is for people, who are shown times.
    /// - Returns: The text that is the same with every engine.
    func replace(in text: String, isOutput: Bool = false) -> String {
        var result = ""
        var run = ""
        func flush() {
            switch run.count {
            case 64: result += identifiers[run].map { "<\($0)>" } ?? "<id>"
            case 12 where others[run] != nil: result += others[run] ?? ""
            case 12 where shortIdentifiers[run] != nil: result += "<\(shortIdentifiers[run] ?? "")>"
            default: result += run
            }
            run = ""
        }
        for character in text.replacing(base, with: "{{base}}") {
            if character.isHexDigit, character.isASCII {
                run.append(character)
            } else {
                flush()
                result.append(character)
            }
        }
        flush()
        return isOutput ? Self.withoutTimes(result) : result
    }

    /// Times, ages, and the commands of terminals.
    private static func withoutTimes(_ text: String) -> String {
        text.replacing("\u{1B}[K", with: "").replacing("\n\r", with: "\n")
            .replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/, with: "<time>")
            .replacing(/(Less than a|About an?|\d+) (second|minute|hour)s?( ago)?/, with: "<age>")
            .replacing(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d( \+0000 UTC)?/, with: "<time>")
    }
}

extension JSONValue {
    /// A member of an object; null where there is none.
    subscript(_ key: String) -> JSONValue { members[key] ?? .null }

    var members: [String: JSONValue] {
        if case .object(let members) = self { members } else { [:] }
    }

    var values: [JSONValue] {
        if case .array(let values) = self { values } else { [] }
    }

    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var texts: [String] { values.compactMap(\.text) }
}
