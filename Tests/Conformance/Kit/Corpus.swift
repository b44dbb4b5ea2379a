// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// The cases that come with the project.
package enum Corpus {
    /// The folder of this source file's target, next to which the cases lie.
    private static let folder = String(#filePath.dropLast("Kit/Corpus.swift".count)) + "Cases"

    /// Reads every file of cases of the project.
    ///
    /// - Returns: the cases, by file name and then in the order of the file.
    /// - Throws: when a file cannot be read or understood.
    package static func load() throws -> [Case] {
        try load(folder)
    }

    /// Reads a file of cases, or every one in a folder.
    ///
    /// - Parameter path: the file or folder.
    /// - Returns: the cases; none when a folder holds no such file.
    /// - Throws: when a file cannot be read or understood.
    package static func load(_ path: String) throws -> [Case] {
        if path.hasSuffix(".cases") { return try loadFile(path) }
        let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".cases") }
        return try names.sorted().flatMap { try loadFile("\(path)/\($0)") }
    }

    private static func loadFile(_ path: String) throws -> [Case] {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let name = path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
        return try CaseParser.parse(text, file: name)
    }
}
