// SPDX-License-Identifier: Apache-2.0

extension String {
    /// What stands behind the last slash.
    var lastPathName: String { String(split(separator: "/").last ?? "") }

    /// The absolute path that this one is from a folder: without `.`, `..` and empty names.
    func path(from folder: String) -> String {
        var names = hasPrefix("/") ? [] : folder.split(separator: "/")
        for name in split(separator: "/") where name != "." {
            if name == ".." { _ = names.popLast() } else { names.append(name) }
        }
        return "/" + names.joined(separator: "/")
    }
}
