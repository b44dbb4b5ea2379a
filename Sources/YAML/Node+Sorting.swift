// SPDX-License-Identifier: Apache-2.0

extension Node {
    /// Orders the keys of all mappings of the tree as go-yaml prints maps.
    package mutating func sortKeys() {
        switch value {
        case .mapping:
            withMapping { mapping in
                mapping.sort(by: NaturalOrder.precedes)
                mapping.updateValues { _, value in value.sortKeys() }
            }
        case .sequence:
            withSequence { items in
                for index in items.indices {
                    items[index].sortKeys()
                }
            }
        default:
            return
        }
    }
}
