// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import OCI

/// Where an image of a registry is found.
struct RegistryRoute: Sendable {
    /// Where it is asked for, one after the other.
    var sources: [Endpoint]
    /// Where it is put, and where credentials are for.
    var home: Endpoint
    /// What is odd in the files that say so, in words.
    var warnings: [String] = []
}

/// One place where a registry answers.
struct Endpoint: Hashable, Sendable {
    /// The host, with a port where one is given.
    var authority: String
    /// Whether it may do without encryption.
    var isInsecure = false
    /// Whether it only has copies of what another one has.
    var isMirror = false
    /// How it is spoken to; nil for TLS, or for what is found out where it may do without.
    var scheme: WebAddress.Scheme?
    /// Where its API begins.
    var path = "/v2"
    /// How it is reached and trusted.
    var access = HostAccess.plain
    /// Whether it is asked what tags stand for.
    var resolves = true
    /// Whether it is asked for content.
    var pulls = true
    /// Whether content is put there.
    var pushes = true
    /// The registry that it has copies of, which it is told.
    var namespace: String?
    /// What the repository is called there; nil for its own name.
    var repository: String?

    /// The path of a call, which begins with `/v2/`.
    func target(_ call: String) -> String {
        let target = path + call.dropFirst("/v2".count)
        guard let namespace else { return target }
        return target + (target.contains("?") ? "&" : "?") + "ns=" + WebAddress.escaped(namespace)
    }
}

extension RegistrySettings {
    /// The name that has a `hosts.toml` for all registries without one.
    private static let everyRegistry = "_default"

    /// Where an image is found: by the `hosts.toml` of its registry, or by `registries.conf`, or by the `hosts.toml` for all
    /// registries; the first that says something is the only one that counts.
    ///
    /// - Parameters:
    ///   - registry: The registry as names have it.
    ///   - repository: The repository; nil where it is about the registry alone.
    ///   - isDigested: Whether the image has its digest in its name.
    /// - Returns: The endpoints.
    /// - Throws: ``RegistryError/Code/configuration`` for a file that cannot be read, ``RegistryError/Code/denied`` for an image
    ///   that one forbids.
    func route(
        to registry: String,
        _ repository: String? = nil,
        isDigested: Bool = false
    ) throws(RegistryError) -> RegistryRoute {
        if let file = try hostsFile(Self.folderNames(of: registry)) { return try route(by: file, registry) }
        let name = repository.map { "\(registry)/\($0)" } ?? registry
        let files = try registriesFile()
        if let (namespace, length) = files.namespace(of: name) {
            var route = try route(by: namespace, name, length, isDigested)
            route.warnings = files.warnings
            return route
        }
        var route: RegistryRoute
        if let file = try hostsFile([Self.everyRegistry]) {
            route = try self.route(by: file, registry)
        } else {
            let own = ownEndpoint(of: registry)
            route = RegistryRoute(sources: [own], home: own)
        }
        route.warnings += files.warnings
        return route
    }

    private static func authority(of registry: String) -> String {
        registry == ImageReference.defaultRegistry ? "registry-1.docker.io" : registry
    }

    private func ownEndpoint(of registry: String) -> Endpoint {
        let authority = Self.authority(of: registry)
        return Endpoint(authority: authority, isInsecure: isInsecure(authority))
    }

    /// Whether a host may do without encryption, and without proof of who it is.
    func isInsecure(_ authority: String) -> Bool { HostRange.isLoopback(WebAddress.split(authority).host) }

    // MARK: hosts.toml

    /// What the folder of a host is called, in the order in which containerd looks for it.
    static func folderNames(of host: String) -> [String] {
        guard let colon = host.lastIndex(of: ":"), colon != host.startIndex else { return [host] }
        return ["\(host[..<colon])_\(host[host.index(after: colon)...])_", host]
    }

    private func hostsFile(_ names: [String]) throws(RegistryError) -> HostsFile? {
        for folder in hostsFolders {
            for name in names {
                let path = "\(folder)/\(name)/hosts.toml"
                if let text = try SettingsFile.text(at: path) { return try HostsFile(text, path: path) }
            }
        }
        return nil
    }

    private func route(by file: HostsFile, _ registry: String) throws(RegistryError) -> RegistryRoute {
        var sources: [Endpoint] = []
        for host in file.hosts { sources.append(try endpoint(host, isMirror: true, of: registry)) }
        let home: Endpoint
        if file.server.address.isEmpty {
            // Capabilities are not for the registry that has its own name, as with containerd.
            var own = ownEndpoint(of: registry)
            own.access = file.server.access
            home = own
        } else {
            home = try endpoint(file.server, isMirror: false, of: registry)
        }
        return RegistryRoute(sources: sources + [home], home: home, warnings: file.warnings)
    }

    private func endpoint(
        _ host: HostsFile.Host,
        isMirror: Bool,
        of registry: String
    ) throws(RegistryError) -> Endpoint {
        let text = host.address.contains("://") ? host.address : "https://" + host.address
        guard let address = WebAddress(text) else {
            throw RegistryError(
                .configuration,
                "the `hosts.toml` of \(registry) names `\(host.address.prefix(200))`, which is no address of HTTP"
            )
        }
        let isOwn = Self.authority(of: address.authority) == Self.authority(of: registry)
        var endpoint = Endpoint(authority: Self.authority(of: address.authority), isMirror: isMirror && !isOwn)
        endpoint.scheme = address.scheme
        if address.scheme == .http {
            endpoint.isInsecure = true
            // Who says something of TLS wants it to be tried, as with containerd.
            if host.access.concernsTLS, address.port != 80 { endpoint.scheme = nil }
        }
        var path = address.target.prefix { $0 != "?" }
        while path.hasSuffix("/") { path = path.dropLast() }
        // A path that is there already is the start of the API, as containerd reads it.
        endpoint.path = path + (host.overridesPath || path.hasSuffix("/v2") ? "" : "/v2")
        endpoint.access = host.access
        endpoint.resolves = host.capabilities.contains(.resolve)
        endpoint.pulls = host.capabilities.contains(.pull)
        endpoint.pushes = host.capabilities.contains(.push)
        if !isOwn { endpoint.namespace = registry }
        return endpoint
    }

    // MARK: registries.conf

    /// What all files say: that of the user with those of the folder beside it, or else that of the system with those of the
    /// folder beside it and of the folder of the user.
    private func registriesFile() throws(RegistryError) -> RegistriesFile {
        var found = RegistriesFile()
        var folders = [systemContainersFolder, userContainersFolder].compactMap(\.self)
        if let user = userContainersFolder, let text = try SettingsFile.text(at: "\(user)/registries.conf") {
            try found.add(text, path: "\(user)/registries.conf")
            folders = [user]
        } else {
            let path = "\(systemContainersFolder)/registries.conf"
            if let text = try SettingsFile.text(at: path) { try found.add(text, path: path) }
        }
        for folder in folders.map({ "\($0)/registries.conf.d" }) {
            let names = try SettingsFile.names(in: folder).filter { $0.hasSuffix(".conf") }
            for path in names.map({ "\(folder)/\($0)" }) {
                if let text = try SettingsFile.text(at: path) { try found.add(text, path: path) }
            }
        }
        return found
    }

    private func route(
        by namespace: RegistriesFile.Namespace,
        _ name: String,
        _ length: Int,
        _ isDigested: Bool
    ) throws(RegistryError) -> RegistryRoute {
        if namespace.isBlocked {
            throw RegistryError(
                .denied,
                "\(name) is not to be used: `\(namespace.path)` has `blocked = true` for the prefix `\(namespace.prefix)`"
            )
        }
        let registry = String(name.prefix { $0 != "/" })
        var home = ownEndpoint(of: registry)
        if namespace.isInsecure { home.allowInsecurity() }
        if registry == name { return RegistryRoute(sources: [home], home: home) }
        let rest = String(decoding: name.utf8.dropFirst(length), as: UTF8.self)
        var sources: [Endpoint] = []
        for mirror in namespace.mirrors where mirror.serves(digest: isDigested) {
            var endpoint = try endpoint(at: mirror.location + rest, namespace.path)
            endpoint.isMirror = endpoint.authority != home.authority
            if mirror.isInsecure { endpoint.allowInsecurity() }
            sources.append(endpoint)
        }
        var last = home
        if !namespace.location.isEmpty {
            last = try endpoint(at: namespace.location + rest, namespace.path)
            // Who has an account at a registry has none where its images are said to be.
            last.isMirror = last.authority != home.authority
            if namespace.isInsecure { last.allowInsecurity() }
        }
        return RegistryRoute(sources: sources + [last], home: home)
    }

    /// The place of a repository by its full name.
    private func endpoint(at name: String, _ path: String) throws(RegistryError) -> Endpoint {
        let host = String(name.prefix { $0 != "/" })
        let reference: ImageReference
        do throws(ImageReferenceError) {
            reference = try ImageReference(name)
        } catch {
            throw RegistryError(.configuration, "`\(path)` makes `\(name.prefix(200))` of the image: \(error)")
        }
        let hasTag = name.split(separator: "/").last?.contains(":") == true
        guard reference.registry == host, name.contains("/"), reference.digest == nil, !hasTag else {
            throw RegistryError(
                .configuration,
                "`\(path)` makes `\(name.prefix(200))` of the image, which has to be a host with a repository"
            )
        }
        var endpoint = ownEndpoint(of: reference.registry)
        endpoint.repository = reference.repository
        return endpoint
    }
}

extension Endpoint {
    /// Has it do without encryption, or without proof of who it is.
    fileprivate mutating func allowInsecurity() {
        isInsecure = true
        access.skipsVerification = true
    }
}
