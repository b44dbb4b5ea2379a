// SPDX-License-Identifier: Apache-2.0

import enum Terminal.TextCells

extension TextCells {
    /// Shortens the reference of an image, first by leading parts of its path, which tell least.
    static func fitImage(_ text: String, to cells: Int, ellipsis: String = "…") -> String {
        guard width(text) > cells, text.utf8.count < 1024 else { return fit(text, to: cells, ellipsis: ellipsis) }
        var rest = text[...]
        while let slash = rest.firstIndex(of: "/") {
            rest = rest[rest.index(after: slash)...]
            let candidate = "\(ellipsis)/\(rest)"
            if width(candidate) <= cells { return candidate }
        }
        return fit(text, to: cells, ellipsis: ellipsis)
    }
}
