// SPDX-License-Identifier: Apache-2.0

import YAML

/// Puts variables into the string values of a tree and casts those that stand where no string is expected.
///
/// Compose specification, "Interpolation". Keys are not interpolated.
struct Interpolator {
    let environment: ProjectEnvironment
    let context: LoadContext
    private var path = NodePath()

    init(environment: ProjectEnvironment, context: LoadContext) {
        self.environment = environment
        self.context = context
    }

    /// Interpolates a whole compose tree in place.
    mutating func interpolate(_ root: inout Node) {
        if let changed = interpolated(root, casts: InterpolationCast.rules) {
            root = changed
        }
    }

    /// The node with its variables filled in, or nil where nothing changes.
    ///
    /// Subtrees without variables are not copied, so that what an alias shares stays shared.
    private mutating func interpolated(_ node: Node, casts: PathRules<InterpolationCast>?) -> Node? {
        switch node.value {
        case .string(let text):
            return interpolated(text, at: node.origin, cast: casts?.rule)
        case .mapping(let mapping):
            return interpolated(mapping, casts: casts).map { Node(.mapping($0), at: node.origin) }
        case .sequence(let items):
            return interpolated(items, casts: casts?.belowItems).map { Node(.sequence($0), at: node.origin) }
        default:
            return nil
        }
    }

    private mutating func interpolated(_ mapping: Mapping, casts: PathRules<InterpolationCast>?) -> Mapping? {
        var changed: Mapping?
        let entries = mapping.entries
        for position in entries.indices {
            let casts = casts?.below(entries[position].key)
            guard Self.mayChange(entries[position].value, cast: casts?.rule) else {
                continue
            }
            path.components.append(.key(entries[position].key))
            if let value = interpolated(entries[position].value, casts: casts) {
                if changed == nil {
                    changed = mapping
                }
                changed?.updateValue(at: position) { $0 = value }
            }
            path.components.removeLast()
        }
        return changed
    }

    private mutating func interpolated(_ items: [Node], casts: PathRules<InterpolationCast>?) -> [Node]? {
        var changed: [Node]?
        for index in items.indices where Self.mayChange(items[index], cast: casts?.rule) {
            path.components.append(.index(index))
            if let item = interpolated(items[index], casts: casts) {
                if changed == nil {
                    changed = items
                }
                changed?[index] = item
            }
            path.components.removeLast()
        }
        return changed
    }

    /// Whether it is worth going into a node; most are scalars that are not.
    private static func mayChange(_ node: Node, cast: InterpolationCast?) -> Bool {
        switch node.value {
        case .string(let text): cast != nil || Template.mayHaveReferences(text)
        case .mapping, .sequence: true
        default: false
        }
    }

    private func interpolated(_ text: String, at origin: Origin, cast: InterpolationCast?) -> Node? {
        var node = Node(text, at: origin)
        var isChanged = false
        if Template.mayHaveReferences(text) {
            guard let substituted = substitute(text, at: origin) else {
                return Node(.invalid, at: origin)
            }
            node = substituted
            isChanged = true
        }
        guard let cast, let string = node.string else {
            return isChanged ? node : nil
        }
        switch cast.apply(to: string) {
        case .success(let value, let deprecated):
            if deprecated {
                context.diagnostics.warning(
                    .obsolete,
                    "`\(string)` is no boolean in YAML 1.2; write `\(Node(value).bool ?? false)`",
                    at: node.origin,
                    path: path
                )
            }
            return Node(value, at: node.origin)
        case .failure(let expected):
            context.diagnostics.error(
                .invalidValue,
                "`\(path)` must be \(expected), not `\(string)`",
                at: node.origin,
                path: path,
                suggestion: variablesHint(node.origin)
            )
            return Node(.invalid, at: node.origin)
        }
    }

    private func variablesHint(_ origin: Origin) -> String? {
        let variables = context.sources.variables(of: origin)
        return variables.isEmpty ? nil : "the value comes from \(variables.map { "`\($0)`" }.joined(separator: ", "))"
    }

    /// The text with its variables filled in, or nil after reporting why that cannot be.
    private func substitute(_ text: String, at origin: Origin) -> Node? {
        do {
            let result = try Template.substitute(text) { environment[$0] }
            guard
                context.spend(
                    result.text.utf8.count,
                    of: &context.budget.interpolatedBytes,
                    on: "the bytes of values with variables",
                    at: origin
                )
            else {
                return nil
            }
            for name in result.unset {
                context.reportUnset(name, at: origin, path: path)
            }
            var origin = origin
            if !result.variables.isEmpty {
                origin.interpolation = context.interpolation(of: result.variables)
            }
            return Node(result.text, at: origin)
        } catch {
            context.diagnostics.report(error.diagnostic(at: origin, path: path))
            return nil
        }
    }
}
