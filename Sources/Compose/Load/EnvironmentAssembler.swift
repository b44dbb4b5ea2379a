// SPDX-License-Identifier: Apache-2.0

import YAML

/// Works out the variables of a project and the compose files that they and the command line name.
///
/// The process's variables win over those of env files. The automatic `.env` of the first folder wins over that of the
/// folder in which the compose file is then found.
struct EnvironmentAssembler {
    let request: LoadRequest
    let context: LoadContext

    struct Result {
        var environment: ProjectEnvironment
        /// The absolute paths of the compose files, `-` for standard input.
        var files: [String]
        /// The absolute folder of the project.
        var workingDirectory: String
    }

    func assemble() -> Result {
        var environment = ProjectEnvironment(process: request.environment)
        environment.set("PWD", to: request.currentDirectory)
        var files = request.files
        let envFiles = envFiles(environment, files: files)
        fill(&environment, from: envFiles)
        if files.isEmpty, let list = environment["COMPOSE_FILE"] {
            files = split(list, environment["COMPOSE_PATH_SEPARATOR"])
        }
        if files.isEmpty {
            files = FileDiscovery.find(from: workingDirectory(of: []), context: context)
        }
        // The project's folder is known only now, and may have another `.env`. A pipe can be read only once.
        let laterEnvFiles = self.envFiles(environment, files: files)
        if laterEnvFiles != envFiles {
            fill(&environment, from: laterEnvFiles)
        }
        return Result(
            environment: environment,
            files: files.map(absolute),
            workingDirectory: workingDirectory(of: files)
        )
    }

    private func split(_ list: String, _ separator: String?) -> [String] {
        let separator = separator.flatMap { $0.isEmpty ? nil : $0 } ?? ":"
        var parts: [String] = []
        var rest = list[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        parts.append(String(rest))
        return parts.filter { !$0.isEmpty }.map(absolute)
    }

    private func absolute(_ file: String) -> String {
        file == "-" || RemoteReference.isRemote(file) ? file : absolutePath(file)
    }

    private func absolutePath(_ path: String) -> String {
        FilePath.isAbsolute(path) ? FilePath.clean(path) : FilePath.join(request.currentDirectory, path)
    }

    /// The folder of the project: as asked for, or that of the first local file.
    private func workingDirectory(of files: [String]) -> String {
        if let directory = request.projectDirectory, !directory.isEmpty {
            return absolutePath(directory)
        }
        for file in files where file != "-" {
            guard !RemoteReference.isRemote(file) else {
                break
            }
            return FilePath.directory(absolutePath(file))
        }
        return request.currentDirectory
    }

    /// Adds the variables of env files that are not set yet.
    private func fill(_ environment: inout ProjectEnvironment, from envFiles: [String]) {
        environment.fill(from: .reading(envFiles, outer: environment, context: context))
    }

    private func envFiles(_ environment: ProjectEnvironment, files: [String]) -> [String] {
        if !request.envFiles.isEmpty {
            return request.envFiles.map(absolutePath)
        }
        if let list = request.environment["COMPOSE_ENV_FILES"], !list.isEmpty {
            return list.split(separator: ",").map { absolutePath(String($0)) }
        }
        if let text = environment["COMPOSE_DISABLE_ENV_FILE"] {
            guard let isDisabled = GoBoolean.parse(text) else {
                context.diagnostics.error(
                    .invalidValue,
                    "COMPOSE_DISABLE_ENV_FILE must be true or false, not `\(text)`",
                    at: environment.values["COMPOSE_DISABLE_ENV_FILE"]?.origin
                )
                return []
            }
            if isDisabled {
                return []
            }
        }
        let automatic = FilePath.join(workingDirectory(of: files), ".env")
        return FilePath.kind(of: automatic) == .file ? [automatic] : []
    }
}

/// Booleans as Go's `strconv.ParseBool` reads them, for variables that configure the tool.
package enum GoBoolean {
    package static func parse(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: nil
        }
    }
}
