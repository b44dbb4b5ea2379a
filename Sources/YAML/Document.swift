// SPDX-License-Identifier: Apache-2.0

/// One document of a YAML stream, with what compose's own tags ask for.
package struct Document: Sendable {
    /// The tree, aliases and merge keys resolved, without the nodes tagged `!reset`.
    package var root: Node
    /// The `!reset` and `!override` tags of the document, in its order.
    package var directives: [Directive]

    /// A node that was tagged `!reset` or `!override`: what an earlier file says at its path is dropped.
    package struct Directive: Equatable, Sendable {
        package enum Kind: Sendable {
            /// The value goes away altogether.
            case reset
            /// The value is replaced by the tagged one.
            case override
        }

        package var kind: Kind
        package var path: NodePath
        package var origin: Origin

        package init(kind: Kind, path: NodePath, origin: Origin) {
            self.kind = kind
            self.path = path
            self.origin = origin
        }
    }

    package init(root: Node, directives: [Directive] = []) {
        self.root = root
        self.directives = directives
    }
}
