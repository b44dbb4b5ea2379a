// SPDX-License-Identifier: Apache-2.0

import Arguments
import Build
import EngineAPI
import Glibc
import Linux
import Terminal

/// What the command line asks of builds, besides what is built.
struct BuildOptions {
    /// What a build is asked for by these options alone.
    var request = ImageBuildRequest()
    /// The Dockerfile as it was given; `-` is standard input.
    var dockerfile: String?
    /// `--cache-from` and `--cache-to` as they were given.
    var cachesFrom: [String] = []
    var cachesTo: [String] = []
    var outputs: [BuildOutputTarget] = []
    var identifierFile: String?
    var progress: BuildDisplay.Form?
    var isQuiet = false
    var pushes = false
    /// The first option that says that a folder is meant, and no service of a project.
    var folderOption: String?

    /// No secret is larger.
    private static let secretLimit = 1 << 20

    /// What the engine is asked for.
    ///
    /// As with Docker, `SOURCE_DATE_EPOCH` of the environment counts, so that builds can be the same each time.
    ///
    /// - Returns: The request.
    /// - Throws: ``CommandFailure`` for a cache that there is not.
    func sent() throws -> ImageBuildRequest {
        var request = request
        request.cachesFrom = try cachesFrom.map { try Self.cache($0, isSource: true) }
        request.cachesTo = try cachesTo.map { try Self.cache($0, isSource: false) }
        if request.arguments["SOURCE_DATE_EPOCH"] == nil, let epoch = getenv("SOURCE_DATE_EPOCH") {
            request.arguments["SOURCE_DATE_EPOCH"] = String(cString: epoch)
        }
        return request
    }

    /// How builds are shown: as their own option says, or that before the command, or the environment.
    ///
    /// - Parameter global: How things are shown.
    /// - Returns: The form.
    /// - Throws: ``CommandFailure`` where the form is none or cannot be had together with `--ansi`.
    func form(_ global: GlobalOptions) throws -> BuildDisplay.Form {
        if isQuiet { return .quiet }
        if let progress { return progress }
        let word = global.progress ?? Self.variable("COMPOSE_PROGRESS") ?? Self.variable("BUILDKIT_PROGRESS") ?? ""
        do {
            let mode = try ProgressMode.choose(
                word == "rawjson" ? "json" : word,
                colour: Self.colour(global),
                isTerminal: OutputStream.error.isDrawable
            )
            return switch mode {
            case .terminal: .tty
            case .json: .rawjson
            case .quiet: .quiet
            case .plain: .plain
            }
        } catch {
            throw CommandFailure(message: "\(error)")
        }
    }

    /// What shows builds.
    ///
    /// - Parameters:
    ///   - global: How things are shown.
    ///   - tellsStale: Whether only that is shown which earlier builds have not done, with the reason.
    /// - Returns: The display.
    /// - Throws: What ``form(_:)`` throws.
    func display(_ global: GlobalOptions, tellsStale: Bool = false) throws -> BuildDisplay {
        BuildDisplay(try form(global), colour: Self.colour(global), tellsStale: tellsStale)
    }

    private static func colour(_ global: GlobalOptions) -> ColourChoice { global.colour(variable("COMPOSE_ANSI")) }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// Adds platforms; the first one counts where only one is asked for.
    mutating func add(platforms: [String]) {
        request.platforms += platforms.filter { !request.platforms.contains($0) }
        request.platform = request.platforms.first
    }

    // MARK: Values

    /// `name=value`, or `name` for the value of the environment.
    static func pair(_ text: String) throws(InvalidValue) -> (name: String, value: String?) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if parts[0].isEmpty { throw InvalidValue("a name, perhaps with `=` and a value") }
        return (parts[0], parts.count == 2 ? parts[1] : getenv(parts[0]).map { String(cString: $0) })
    }

    /// Fields such as `id=x,src=y`.
    static func fields(_ text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for field in text.split(separator: ",") {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            fields[parts[0].lowercased()] = parts.count == 2 ? String(parts[1]) : ""
        }
        return fields
    }

    /// Adds `--secret`.
    mutating func addSecret(_ text: String) throws(InvalidValue) {
        let fields = Self.fields(text)
        let known: Set = ["env", "id", "source", "src", "type"]
        if let unknown = fields.keys.first(where: { !known.contains($0) }) {
            throw InvalidValue("id=NAME with src=FILE or env=VARIABLE; there is no `\(unknown)`")
        }
        let path = fields["src"] ?? fields["source"]
        guard let id = fields["id"] ?? path.map({ String($0.split(separator: "/").last ?? "") }), !id.isEmpty else {
            throw InvalidValue("id=NAME with src=FILE or env=VARIABLE")
        }
        var variable = fields["env"]
        if variable == nil, path == nil || fields["type"] == "env" {
            variable = getenv(path ?? id) == nil ? nil : path ?? id
        }
        if let variable {
            guard let value = getenv(variable) else {
                throw InvalidValue("a variable that is set: `\(variable)` is not")
            }
            return request.secrets.append(BuildSecret(id: id, content: HiddenBytes(Array(String(cString: value).utf8))))
        }
        let file = path ?? id
        do {
            request.secrets.append(
                BuildSecret(id: id, content: HiddenBytes(try InputFile.read(file, limit: Self.secretLimit)))
            )
        } catch {
            throw InvalidValue("a file that can be read: \((error as? CommandFailure)?.message ?? "\(error)")")
        }
    }

    /// Adds `--ssh`: `default`, or `id=socket`.
    mutating func addAgent(_ text: String) throws(InvalidValue) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let socket = parts.count == 2 ? parts[1] : getenv("SSH_AUTH_SOCK").map { String(cString: $0) } ?? ""
        if socket.isEmpty {
            throw InvalidValue("the socket of an agent: SSH_AUTH_SOCK is not set; write \(parts[0])=PATH")
        }
        request.agents[parts[0].isEmpty ? "default" : parts[0]] = try Self.known(socket, Self.absolute)
    }

    /// Adds `--build-context`: `name=value`.
    mutating func addContext(_ text: String) throws(InvalidValue) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            throw InvalidValue(
                "name=FOLDER, name=docker-image://IMAGE, name=oci-layout://FOLDER or an address of git or HTTP"
            )
        }
        request.contexts[parts[0]] = try Self.known(parts[1], Self.context)
    }

    private static func known(_ text: String, _ read: (String) throws -> String) throws(InvalidValue) -> String {
        do {
            return try read(text)
        } catch {
            throw InvalidValue("an absolute path: \((error as? CommandFailure)?.message ?? "\(error)")")
        }
    }

    /// Reads `--cache-from` or `--cache-to`, a folder with its whole path.
    static func cache(_ text: String, isSource: Bool) throws -> BuildCacheLocation {
        do {
            var location = try BuildCacheLocation(text, isSource: isSource)
            if location.kind == .local { location.place = try absolute(location.place) }
            return location
        } catch let problem as BuildCacheLocation.Problem {
            throw CommandFailure(message: problem.description)
        }
    }

    /// The value of a context, paths of this machine as whole ones.
    static func context(_ text: String) throws -> String {
        switch NamedContext(text) {
        case .folder(let path): return try absolute(path)
        case .ociLayout(let path): return "oci-layout://" + (try absolute(path))
        case .image, .git, .archive, .service: return text
        }
    }

    /// The whole path of a file.
    static func absolute(_ path: String) throws -> String {
        if path.hasPrefix("/") { return path }
        return try ProjectLoading.currentDirectory() + (path == "." ? "" : "/" + path)
    }
}

/// Where a build leaves what it has made.
struct BuildOutputTarget {
    enum Kind: String, CaseIterable {
        case docker
        case image
        case local
        case oci
        case tar
    }

    var kind: Kind
    /// A path; `-` is standard output, and empty is the engine's own store.
    var path: String

    /// Reads `type=local,dest=PATH`, or a path alone.
    init(_ text: String) throws(InvalidValue) {
        if !text.contains("=") {
            self.kind = text == "-" ? .tar : .local
            path = text
            return
        }
        let fields = BuildOptions.fields(text)
        guard let kind = Kind(rawValue: fields["type"] ?? "") else {
            throw InvalidValue("type=local, tar, oci, docker or image, with dest=PATH")
        }
        self.kind = kind
        path = fields["dest"] ?? fields["destination"] ?? ""
        switch kind {
        case .local where path.isEmpty || path == "-": throw InvalidValue("type=local with dest=FOLDER")
        case .tar where path.isEmpty, .oci where path.isEmpty: path = "-"
        default: break
        }
    }
}
