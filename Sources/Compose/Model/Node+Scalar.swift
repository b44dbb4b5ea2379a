// SPDX-License-Identifier: Apache-2.0

import YAML

extension Node {
    /// A scalar as text, where the file may have a number or a boolean in the place of a string.
    ///
    /// Empty for null, nil for a list or a mapping.
    var scalarText: String? {
        switch value {
        case .string(let string): string
        case .null, .invalid: ""
        case .sequence, .mapping: nil
        default: Emitter.goDescription(of: self)
        }
    }
}
