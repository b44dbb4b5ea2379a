// SPDX-License-Identifier: Apache-2.0

/// Finds the compose files of a project whose files are not named.
///
/// Docker Compose's rules: the folder and its parents are searched for the first supported name; an override file is
/// taken from the same folder only.
enum FileDiscovery {
    static let names = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"]
    static let overrideNames = [
        "compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml",
    ]

    /// The absolute paths of the files; empty where no folder has any.
    static func find(from directory: String, context: LoadContext) -> [String] {
        var folder = FilePath.clean(directory)
        while true {
            if let file = first(of: names, in: folder, kind: "compose", context) {
                return [file, first(of: overrideNames, in: folder, kind: "override", context)].compactMap { $0 }
            }
            let parent = FilePath.directory(folder)
            guard parent != folder else {
                return []
            }
            folder = parent
        }
    }

    private static func first(of names: [String], in folder: String, kind: String, _ context: LoadContext) -> String? {
        let files = names.map { FilePath.join(folder, $0) }.filter { FilePath.kind(of: $0) != .missing }
        if files.count > 1 {
            context.diagnostics.warning(
                .conflict,
                "found several \(kind) files: \(files.joined(separator: ", ")); using \(files[0])",
                at: nil
            )
        }
        return files.first
    }
}
