// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import JSONTree
import Linux
import OCI
import Terminal

/// The file in which Docker's command keeps who the user is to registries, which wharf shares.
struct DockerConfiguration {
    /// The path of the file.
    let path: String
    /// All of the file; keys that are of no interest here stay as they are.
    private(set) var tree: JSON

    private static let sizeLimit = 16 << 20

    /// Where the file is: in the folder of `DOCKER_CONFIG`, or in `.docker` of the home folder.
    static func standardPath(_ variable: (String) -> String?) -> String {
        if let folder = variable("DOCKER_CONFIG"), !folder.isEmpty { return folder + "/config.json" }
        return (variable("HOME") ?? "") + "/.docker/config.json"
    }

    /// Reads the file; one that is not there is like an empty one.
    ///
    /// - Parameter path: The file; nil for the usual one.
    /// - Throws: ``CommandFailure`` where it is there and cannot be read.
    init(path: String? = nil) throws {
        self.path = path ?? Self.standardPath { getenv($0).map { String(cString: $0) } }
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try Descriptor.open(self.path, O_RDONLY).contents(limit: Self.sizeLimit)
        } catch {
            guard error.number == ENOENT || error.number == ENOTDIR else {
                throw CommandFailure(message: "cannot read `\(self.path)`: \(SystemError.text(of: error.number))")
            }
            tree = [:]
            return
        }
        do throws(JSON.Failure) {
            tree = bytes.isEmpty ? [:] : try JSON(bytes)
        } catch {
            throw CommandFailure(message: "cannot read `\(self.path)`: \(error)")
        }
        guard tree.members != nil else { throw CommandFailure(message: "cannot read `\(self.path)`: it is no object") }
    }

    // MARK: Reading

    /// The key that a registry has in the file.
    static func key(of registry: String) -> String {
        registry == ImageReference.defaultRegistry ? "https://index.docker.io/v1/" : registry
    }

    /// The program that keeps the credentials of a registry; nil where they are in the file.
    func helper(for registry: String) -> CredentialHelper? {
        let keys = [Self.key(of: registry), registry]
        let own = keys.lazy.compactMap { tree["credHelpers"]?[$0]?.string }.first
        guard let name = own ?? tree["credsStore"]?.string, !name.isEmpty else { return nil }
        return CredentialHelper(name: name)
    }

    /// Who the user is to a registry.
    ///
    /// - Parameter registry: The registry as names of images have it.
    /// - Returns: Nil for nobody in particular.
    /// - Throws: ``CommandFailure`` where the program that keeps it fails.
    func credentials(for registry: String) throws -> RegistryAuth? {
        if let helper = helper(for: registry) {
            if let found = try helper.get(Self.key(of: registry)) { return found }
        }
        guard let entry = entry(for: registry) else { return nil }
        var auth = RegistryAuth()
        auth.serverAddress = Self.key(of: registry)
        auth.auth = entry["auth"]?.string ?? ""
        auth.username = entry["username"]?.string ?? ""
        auth.password = entry["password"]?.string ?? ""
        (auth.username, auth.password) = auth.user
        auth.auth = ""
        auth.identityToken = entry["identitytoken"]?.string ?? ""
        auth.registryToken = entry["registrytoken"]?.string ?? ""
        return auth.isEmpty ? nil : auth
    }

    private func entry(for registry: String) -> JSON? {
        let entries = tree["auths"]?.members ?? []
        let key = Self.key(of: registry)
        return (entries.last { $0.key == key } ?? entries.last { RegistryAuth.registry(of: $0.key) == registry })?.value
    }

    /// Who the user is to all registries that are known here, by the names that references have for them.
    ///
    /// What a program does not tell is told of and left out: a build may not need it.
    func allCredentials() -> [String: RegistryAuth] {
        var keys = (tree["auths"]?.members ?? []).map(\.key) + (tree["credHelpers"]?.members ?? []).map(\.key)
        var found: [String: RegistryAuth] = [:]
        func attempt(_ body: () throws -> Void) {
            do {
                try body()
            } catch {
                OutputStream.error.write("warning: \(CommandFailure(of: error, isRun: false).message)\n")
            }
        }
        if let name = tree["credsStore"]?.string, !name.isEmpty {
            attempt { keys += try CredentialHelper(name: name).list() }
        }
        for registry in Set(keys.map { RegistryAuth.registry(of: $0) }) {
            attempt { found[registry] = try credentials(for: registry) }
        }
        return found
    }

    // MARK: Changing

    /// Keeps who the user is to a registry.
    mutating func add(_ auth: RegistryAuth, for registry: String) throws {
        if let helper = helper(for: registry) { return try helper.store(auth, Self.key(of: registry)) }
        var members: [JSON.Member] = []
        if auth.identityToken.isEmpty {
            let text = Base64.encode(Array("\(auth.username):\(auth.password)".utf8))
            members = [JSON.Member("auth", .string(text))]
        } else {
            let text = Base64.encode(Array("\(auth.username):".utf8))
            members = [
                JSON.Member("auth", .string(text)), JSON.Member("identitytoken", .string(auth.identityToken)),
            ]
        }
        var entries = tree["auths"]?.members ?? []
        entries.removeAll { $0.key == Self.key(of: registry) }
        entries.append(JSON.Member(Self.key(of: registry), .object(members)))
        set("auths", .object(entries))
        try save()
    }

    /// Forgets who the user is to a registry.
    ///
    /// - Returns: Whether there was anything to forget.
    mutating func remove(_ registry: String) throws -> Bool {
        if let helper = helper(for: registry) { try helper.erase(Self.key(of: registry)) }
        let entries = tree["auths"]?.members ?? []
        let kept = entries.filter { RegistryAuth.registry(of: $0.key) != registry }
        if kept.count == entries.count { return helper(for: registry) != nil }
        set("auths", .object(kept))
        try save()
        return true
    }

    private mutating func set(_ key: String, _ value: JSON) {
        var members = tree.members ?? []
        if let place = members.lastIndex(where: { $0.key == key }) {
            members[place].value = value
        } else {
            members.append(JSON.Member(key, value))
        }
        tree = .object(members)
    }

    /// Writes the file anew, for the user alone to read; a link to it stays one.
    private func save() throws {
        let target = realpath(path, nil).map { found in
            defer { free(found) }
            return String(cString: found)
        }
        let file = target ?? path
        let folder = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
        do throws(SystemError) {
            if mkdir(folder, 0o700) != 0, errno != EEXIST { throw SystemError("mkdir", errno, on: folder) }
            let new = "\(file).\(getpid())"
            let descriptor = try Descriptor.open(new, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            do throws(SystemError) {
                var style = JSON.WritingStyle.compact
                style.indent = 4
                try descriptor.write(Array((tree.text(style) + "\n").utf8))
                try descriptor.sync()
                if rename(new, file) != 0 { throw SystemError("rename", errno, on: file) }
            } catch {
                unlink(new)
                throw error
            }
        } catch {
            throw CommandFailure(message: "cannot write `\(file)`: \(error)")
        }
    }
}
