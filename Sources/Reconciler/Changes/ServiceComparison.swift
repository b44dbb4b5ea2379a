// SPDX-License-Identifier: Apache-2.0

import Compose
import YAML

/// Finds what differs between a service and what one of its containers was made with.
struct ServiceComparison {
    /// Where the values of the new project stand.
    let sources: ProjectSources?
    /// The way to the service: `services.web`.
    let base: NodePath

    init(of service: String, in project: Project) {
        sources = project.sources
        base = NodePath([.key("services"), .key(service)])
    }

    /// The changes in the order of the keys of a service.
    func changes(from old: Service, to new: Service) -> [Change] {
        if old == new { return [] }
        var changes: [Change] = []
        compare(old.node(as: .yaml), new.node(as: .yaml), at: NodePath(), into: &changes)
        // What is not printed is no less part of the service.
        return changes.isEmpty ? [Change(.replace, Cause("the definition has changed"))] : changes
    }

    /// Compares two values.
    ///
    /// - Parameters:
    ///   - old: What there was; nil for nothing.
    ///   - new: What there is; nil for nothing.
    ///   - path: Their place within the service.
    ///   - changes: Gets what differs.
    private func compare(_ old: Node?, _ new: Node?, at path: NodePath, into changes: inout [Change]) {
        if let old, let new, old == new { return }
        switch (old?.value, new?.value) {
        case (.mapping(let old)?, .mapping(let new)?): compare(old, new, at: path, into: &changes)
        case (nil, .mapping(let new)?) where isSeveralKeys(path) && !new.isEmpty:
            compare(Mapping(), new, at: path, into: &changes)
        case (.mapping(let old)?, nil) where isSeveralKeys(path) && !old.isEmpty:
            compare(old, Mapping(), at: path, into: &changes)
        case (nil, .sequence(let new)?) where path.components.count < 2 && !new.isEmpty:
            compare([], new, at: path, into: &changes)
        case (.sequence(let old)?, nil) where path.components.count < 2 && !old.isEmpty:
            compare(old, [], at: path, into: &changes)
        case (.sequence(let old)?, .sequence(let new)?): compare(old, new, at: path, into: &changes)
        default: changes.append(change(old, new, at: path))
        }
    }

    /// Whether what is in a mapping that is new or gone is told key by key: what it leads to may differ.
    private func isSeveralKeys(_ path: NodePath) -> Bool {
        path.components.count < 2 || path.components.first == .key("deploy")
    }

    private func compare(_ old: Mapping, _ new: Mapping, at path: NodePath, into changes: inout [Change]) {
        for entry in new.entries { compare(old[entry.key], entry.value, at: path.appending(entry.key), into: &changes) }
        for entry in old.entries where new[entry.key] == nil {
            compare(entry.value, nil, at: path.appending(entry.key), into: &changes)
        }
    }

    /// Compares lists: words of a command by their places, everything else by what the items are about.
    private func compare(_ old: [Node], _ new: [Node], at path: NodePath, into changes: inout [Change]) {
        if case .key(let key)? = path.components.last, Self.commands.contains(key) {
            let (old, new) = (old.isEmpty ? nil : Node(.sequence(old)), new.isEmpty ? nil : Node(.sequence(new)))
            return changes.append(change(old, new, at: path))
        }
        var left = old
        var added: [(index: Int, node: Node)] = []
        for (index, node) in new.enumerated() {
            if let position = left.firstIndex(of: node) {
                left.remove(at: position)
            } else {
                added.append((index, node))
            }
        }
        for (index, node) in added {
            let subject = Self.subject(of: node)
            let position = left.firstIndex { subject != nil && Self.subject(of: $0) == subject }
            changes.append(change(position.map { left.remove(at: $0) }, node, at: path.appending(index), list: path))
        }
        for node in left { changes.append(change(node, nil, at: path)) }
        // The same items in another order.
        if added.isEmpty, old.count == new.count { changes.append(whole(old, new, at: path)) }
    }

    /// The keys whose lists are one value, a command.
    private static let commands: Set<String> = ["command", "entrypoint", "test"]

    private func whole(_ old: [Node], _ new: [Node], at path: NodePath) -> Change {
        change(Node(.sequence(old)), Node(.sequence(new)), at: path)
    }

    /// What an item of a list is about: two with the same one are two states of one thing.
    private static func subject(of node: Node) -> String? {
        if let target = node["target"] { return text(target) }
        return (node["path"] ?? node["source"]).map(text)
    }

    private func change(_ old: Node?, _ new: Node?, at path: NodePath, list: NodePath? = nil) -> Change {
        let keys = (list ?? path).components.compactMap { component -> String? in
            if case .key(let key) = component { key } else { nil }
        }
        let place = NodePath(base.components + path.components)
        let cause = Cause(
            (list ?? path).description,
            place.description,
            old: old.map(Self.text),
            new: new.map(Self.text),
            at: sources?.location(of: place)
        )
        return Change(Change.Effect(ofKeys: keys), cause, key: keys.first ?? "")
    }

    /// How many bytes of a value are shown.
    private static let shownBytes = 160

    /// A value in one line.
    static func text(_ node: Node) -> String {
        let bytes = JSONWriter.json(node, indent: nil)
        let text = String(decoding: bytes.prefix(shownBytes), as: UTF8.self)
        return bytes.count > shownBytes ? text + "…" : text
    }
}
