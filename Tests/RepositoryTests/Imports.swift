// SPDX-License-Identifier: Apache-2.0

/// The modules that Swift source text imports, in its order.
func importedModules(in source: String) -> [String] {
    source.split(whereSeparator: \.isNewline).compactMap { line in
        var words = line.split(separator: ";").first?.split(separator: " ")[...] ?? []
        words = words.drop { $0.hasPrefix("@") || accessLevels.contains($0) }
        guard words.popFirst() == "import" else { return nil }
        if let kind = words.first, importKinds.contains(kind) { words.removeFirst() }
        return words.first.map { String($0.prefix { $0 != "." }) }
    }
}

private let accessLevels: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
private let importKinds: Set<Substring> = ["typealias", "struct", "class", "enum", "protocol", "let", "var", "func"]
