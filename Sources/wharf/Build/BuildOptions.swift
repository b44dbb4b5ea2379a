// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import Glibc
import Linux

/// What the command line asks of builds, besides what is built.
struct BuildOptions {
    var arguments: [String: String] = [:]
    var tags: [String] = []
    var dockerfile: String?
    var target: String?
    var contexts: [String: String] = [:]
    var secrets: [BuildSecret] = []
    var agents: [String: String] = [:]
    var labels: [String: String] = [:]
    var ignoresCache = false
    var uncachedStages: [String] = []
    var explainsCache = false
    var network: String?
    var extraHosts: [String] = []
    var platform: String?
    var sharedMemory: Int64?
    var allowed: [String] = []
    var limits: [Ulimit] = []
    var outputs: [BuildOutputTarget] = []
    var identifierFile: String?
    var progress: BuildDisplay.Form?
    var isQuiet = false
    var pulls = false
    var pushes = false
    /// The first option that says that a folder is meant, and no service of a project.
    var folderOption: String?

    /// No secret is larger.
    private static let secretLimit = 1 << 20

    /// What a build is asked for by these options alone.
    var request: ImageBuildRequest {
        var request = ImageBuildRequest()
        request.arguments = arguments
        // As with Docker: builds can be the same each time.
        if request.arguments["SOURCE_DATE_EPOCH"] == nil, let epoch = getenv("SOURCE_DATE_EPOCH") {
            request.arguments["SOURCE_DATE_EPOCH"] = String(cString: epoch)
        }
        request.tags = tags
        request.target = target
        request.contexts = contexts
        request.secrets = secrets
        request.agents = agents
        request.labels = labels
        request.ignoresCache = ignoresCache
        request.uncachedStages = uncachedStages
        request.explainsCache = explainsCache
        request.network = network
        request.extraHosts = extraHosts
        request.platform = platform
        request.sharedMemory = sharedMemory
        request.allowed = allowed
        request.limits = limits
        request.pulls = pulls
        return request
    }

    /// How builds are shown: as their own option says, or that before the command.
    func form(_ global: GlobalOptions) -> BuildDisplay.Form {
        if isQuiet { return .quiet }
        if let progress { return progress }
        switch global.progress {
        case "quiet", "none": return .quiet
        case "json": return .rawjson
        default: return .plain
        }
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
            return secrets.append(BuildSecret(id: id, content: HiddenBytes(Array(String(cString: value).utf8))))
        }
        let file = path ?? id
        do {
            secrets.append(
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
        agents[parts[0].isEmpty ? "default" : parts[0]] = Self.absolute(socket)
    }

    /// Adds `--build-context`: `name=value`.
    mutating func addContext(_ text: String) throws(InvalidValue) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            throw InvalidValue("name=FOLDER or name=docker-image://IMAGE")
        }
        contexts[parts[0]] = Self.context(parts[1])
    }

    /// The value of a context, a folder with its whole path.
    static func context(_ text: String) -> String {
        text.contains("://") || text.hasPrefix("service:") || text.hasPrefix("target:") ? text : absolute(text)
    }

    /// The whole path of a file.
    static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return String(cString: current) + (path == "." ? "" : "/" + path)
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
