// SPDX-License-Identifier: Apache-2.0

import YAML

/// Works out the name of a project.
///
/// The command line wins over `COMPOSE_PROJECT_NAME`, that over the last `name` of the compose files, and that over the
/// name of the project's folder.
struct ProjectNaming {
    let request: LoadRequest
    let context: LoadContext
    let environment: ProjectEnvironment
    let workingDirectory: String

    /// The name; empty after reporting that there is none.
    func name(of files: [String]) -> String {
        if let name = request.projectName, !name.isEmpty {
            return checked(name, from: "the project name", origin: nil)
        }
        if let value = environment.values["COMPOSE_PROJECT_NAME"], !value.text.isEmpty {
            return checked(
                value.text,
                from: "COMPOSE_PROJECT_NAME",
                origin: value.origin == .none ? nil : value.origin
            )
        }
        let (found, isNamed) = nameInFiles(files)
        if let found {
            return found
        }
        let name = isNamed ? "" : folderName()
        if name.isEmpty {
            context.diagnostics.error(
                .projectName,
                "the project has no name: neither its files nor its folder `\(workingDirectory)` give one",
                at: nil,
                suggestion: "set `name:` in the compose file, or give one with --project-name"
            )
        }
        return name
    }

    private func checked(_ name: String, from source: String, origin: Origin?) -> String {
        if !ProjectName.isValid(name) {
            let near = ProjectName.normalize(name)
            context.diagnostics.error(
                .projectName,
                "\(source) `\(name)` is not allowed: it may hold lower-case letters, digits, hyphens and underscores "
                    + "and must start with a letter or a digit",
                at: origin,
                suggestion: near.isEmpty ? nil : "did you mean `\(near)`?"
            )
        }
        return name
    }

    /// The name that the files give, and whether they set one at all, if only to something that leaves nothing.
    private func nameInFiles(_ files: [String]) -> (name: String?, isNamed: Bool) {
        var last: Node?
        for file in files {
            for document in context.documents(of: file) ?? [] {
                if let name = document.root["name"], name.string?.isEmpty == false {
                    last = name
                }
            }
        }
        guard let last, let text = last.string else {
            return (nil, false)
        }
        var name = text
        if context.options.interpolates, text.utf8.contains(UInt8(ascii: "$")) {
            // Problems of the value are reported where the whole file is interpolated.
            name = (try? Template.substitute(text) { environment[$0] }.text) ?? ""
        }
        let normalised = ProjectName.normalize(name)
        return (normalised.isEmpty ? nil : normalised, true)
    }

    private func folderName() -> String {
        let name = FilePath.base(workingDirectory)
        if let real = FilePath.resolvingLinks(workingDirectory), FilePath.base(real) != name {
            context.diagnostics.warning(
                .projectName,
                "the project is named after the symbolic link `\(name)` to its folder",
                at: nil
            )
        }
        return ProjectName.normalize(name)
    }
}
