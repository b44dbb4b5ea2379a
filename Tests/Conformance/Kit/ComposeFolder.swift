// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// Compose files that were not written for these tests.
package enum ComposeFolder {
    private static let bases = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"]
    private static let overrides = [
        "compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml",
    ]

    /// One thing to load: a folder as it is, or a single file in it.
    package struct Project: Sendable {
        package var directory: String
        package var file: String?

        package var name: String { file.map { "\(directory)/\($0)" } ?? directory }

        /// The commands to compare.
        package var runs: [Run] {
            let selection = file.map { ["-f", $0] } ?? []
            return [["config"], ["config", "--format", "json"]].map { Run(arguments: selection + $0) }
        }
    }

    /// Looks for compose files in a folder and everything below it.
    ///
    /// - Parameters:
    ///   - path: the folder, or one file.
    ///   - all: whether every YAML file counts, whatever its name.
    /// - Returns: the projects by path.
    /// - Throws: when the folder cannot be read.
    package static func projects(in path: String, all: Bool) throws -> [Project] {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw CaseSyntaxError(place: path, message: "there is no such file or folder")
        }
        let base = path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
        if !isDirectory {
            let slash = base.lastIndex(of: "/") ?? base.startIndex
            return [Project(directory: String(base[..<slash]), file: String(base[base.index(after: slash)...]))]
        }
        var folders: [String: [String]] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: base) {
            let slash = name.lastIndex(of: "/")
            let file = slash.map { String(name[name.index(after: $0)...]) } ?? name
            guard isComposeFile(file, all: all) else { continue }
            let folder = slash.map { "\(base)/\(name[..<$0])" } ?? base
            folders[folder, default: []].append(file)
        }
        return folders.sorted { $0.key < $1.key }.flatMap { projects($0.key, $0.value) }
    }

    private static func projects(_ folder: String, _ files: [String]) -> [Project] {
        var rest = files.sorted()
        var projects: [Project] = []
        if let base = bases.first(where: rest.contains) {
            projects.append(Project(directory: folder))
            rest.removeAll { $0 == base || $0 == overrides.first(where: files.contains) }
        }
        return projects + rest.map { Project(directory: folder, file: $0) }
    }

    private static func isComposeFile(_ name: String, all: Bool) -> Bool {
        guard name.hasSuffix(".yml") || name.hasSuffix(".yaml") else { return false }
        return all || name.hasPrefix("compose") || name.hasPrefix("docker-compose")
    }
}
