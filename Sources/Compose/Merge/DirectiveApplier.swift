// SPDX-License-Identifier: Apache-2.0

import YAML

/// Carries out the `!reset` and `!override` tags of a document on what earlier documents said.
///
/// Either tag drops the value at its path; the tagged value of an `!override` comes back with the merge that follows.
enum DirectiveApplier {
    static func apply(_ directives: [Document.Directive], to root: inout Node) {
        for directive in directives {
            remove(directive.path.components[...], from: &root)
        }
    }

    /// Carries out the tags that speak of one service on its definition alone.
    static func apply(_ directives: [Document.Directive], toService name: String, _ service: inout Node) {
        for directive in directives {
            let components = directive.path.components
            guard components.count > 2, components[0] == .key("services") else {
                continue
            }
            if components[1] == .key(name) || components[1] == .key("*") {
                remove(components[2...], from: &service)
            }
        }
    }

    private static func remove(_ path: ArraySlice<NodePath.Component>, from node: inout Node) {
        guard let first = path.first else {
            return
        }
        let rest = path.dropFirst()
        switch first {
        case .key(let key):
            if rest.isEmpty {
                node.withMapping { $0.removeValue(forKey: key) }
            } else {
                node.withValue(forKey: key) { remove(rest, from: &$0) }
            }
        case .index(let index):
            // Items of a list have no identity across files, so a tag on an item itself removes nothing from the base.
            guard !rest.isEmpty else {
                return
            }
            node.withSequence { items in
                if items.indices.contains(index) {
                    remove(rest, from: &items[index])
                }
            }
        }
    }
}
