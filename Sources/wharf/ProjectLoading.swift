// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import Glibc
import Terminal
import YAML

/// Loads the project that the global options name, and shows what is wrong with it.
struct ProjectLoading {
    let options: GlobalOptions

    /// The loaded project with its remarks printed.
    ///
    /// - Parameter configure: Sets the phases that the command wants.
    /// - Returns: What was loaded, without errors.
    /// - Throws: ``CommandFailure`` where there are errors, all of them printed.
    func load(_ configure: (inout LoadOptions) -> Void = { _ in }) throws -> LoadResult {
        let request = try request(configure)
        let result = Loader.load(request)
        show(result, from: request.currentDirectory)
        if result.hasErrors {
            throw CommandFailure()
        }
        return result
    }

    /// The project of commands that look at what runs, which need no more of the files than names.
    ///
    /// Files that only matter to new containers may be missing, warnings are not shown, and none of it has to be there:
    /// where the project has a name that the user gives (`--project-name`, `COMPOSE_PROJECT_NAME`) and its files are not
    /// named, files that are not there or have errors do not count.
    ///
    /// - Parameter isQuiet: Whether errors are not printed.
    /// - Returns: Its name, what its files say, and which these are; nil and none where there are none.
    /// - Throws: ``CommandFailure`` where there are errors, all of them printed, or no name.
    func find(isQuiet: Bool = false) throws -> (name: String, project: Project?, files: [String]) {
        let request = try request { options in
            options.resolvesEnvironment = false
            options.checksConsistency = false
            options.keepsUnusedResources = true
        }
        var result = Loader.load(request)
        let isNamed = !options.files.isEmpty || !(result.environment["COMPOSE_FILE"] ?? "").isEmpty
        let variable = result.files.isEmpty ? result.environment["COMPOSE_PROJECT_NAME"] : Self.projectNameVariable
        if let name = options.projectName ?? variable, !name.isEmpty, !isNamed, result.project == nil {
            guard ProjectName.isValid(name) else {
                throw CommandFailure(
                    message: "the project name `\(name)` is not allowed: it may hold lower-case letters, digits, "
                        + "hyphens and underscores and must start with a letter or a digit"
                )
            }
            return (name, nil, [])
        }
        if result.files.isEmpty {
            throw CommandFailure(
                message: "no compose file found in `\(result.workingDirectory)` or any parent folder: name one with "
                    + "`-f`, or a project whose containers are there with `-p`; `wharf ls -a` shows these"
            )
        }
        result.diagnostics.removeAll { $0.severity != .error }
        if !isQuiet { show(result, from: request.currentDirectory) }
        guard let project = result.project else {
            if isNamed { throw CommandFailure() }
            throw CommandFailure(
                message: "the file does not say what project it is: mend it, or name the project with `-p`, which "
                    + "works without the file; `wharf ls -a` shows what is there"
            )
        }
        return (project.name, project, result.files)
    }

    private static var projectNameVariable: String? { getenv("COMPOSE_PROJECT_NAME").map { String(cString: $0) } }

    /// The names of the project's services; none where it has errors.
    func serviceNames() -> [String] {
        guard let request = try? request({ $0.resolvesEnvironment = false }) else {
            return []
        }
        return Loader.load(request).project?.services.keys.sorted() ?? []
    }

    private func request(_ configure: (inout LoadOptions) -> Void) throws -> LoadRequest {
        var request = LoadRequest(currentDirectory: try Self.currentDirectory())
        request.files = options.files
        request.projectDirectory = options.projectDirectory ?? options.workdir
        request.projectName = options.projectName
        request.profiles = options.profiles
        request.envFiles = options.envFiles
        request.environment = Self.processEnvironment()
        request.options.keepsUnusedResources = options.allResources
        configure(&request.options)
        return request
    }

    private func show(_ result: LoadResult, from directory: String) {
        guard !result.diagnostics.isEmpty else {
            return
        }
        if options.diagnosticsForm == .json {
            let node = DiagnosticJSON.node(of: result.diagnostics, sources: result.sources)
            OutputStream.error.write(JSONWriter.json(node))
            return
        }
        let style = OutputStream.error.style(options.colour(result.environment["COMPOSE_ANSI"]))
        let text = DiagnosticText(
            sources: result.sources,
            currentDirectory: directory,
            markup: DiagnosticText.Markup(style)
        )
        OutputStream.error.write(text.render(result.diagnostics))
        let errors = result.diagnostics.count { $0.severity == .error }
        if errors > 1 {
            OutputStream.error.write("\(errors) errors\n")
        }
    }

    /// The absolute folder that the user stands in.
    static func currentDirectory() throws -> String {
        // $PWD keeps the symbolic links that the user came through; the project's name shows them.
        if let path = getenv("PWD").map({ String(cString: $0) }), FilePath.isAbsolute(path) {
            let path = FilePath.clean(path)
            var (named, current) = (stat(), stat())
            if stat(path, &named) == 0, stat(".", &current) == 0, named.st_ino == current.st_ino,
                named.st_dev == current.st_dev
            {
                return path
            }
        }
        guard let path = getcwd(nil, 0) else {
            let reason = String(cString: strerror(errno)).lowercased()
            throw CommandFailure(message: "cannot tell the current folder: \(reason)")
        }
        defer { free(path) }
        return String(cString: path)
    }

    private static func processEnvironment() -> [String: String] {
        var variables = [String: String](minimumCapacity: 64)
        var entry = environ
        while let text = entry.pointee {
            if let split = strchr(text, Int32(UInt8(ascii: "="))) {
                let name = UnsafeRawBufferPointer(start: text, count: split - text)
                variables[String(decoding: name, as: UTF8.self)] = String(cString: split + 1)
            }
            entry += 1
        }
        return variables
    }
}

extension Completion {
    /// The services of the project that the global options name, as its files have them.
    static func services(of global: GlobalOptions) -> Completion {
        .computed { ProjectLoading(options: global).serviceNames() }
    }
}
