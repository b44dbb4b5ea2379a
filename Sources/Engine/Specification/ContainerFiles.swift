// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import Netlink
import Networks

/// One of `ExtraHosts`.
struct ExtraHost: Equatable, Sendable {
    var name: String
    /// An address, or `host-gateway`.
    var address: String

    /// Reads `name:address`, where an IPv6 address may stand in brackets.
    ///
    /// - Parameter text: The text.
    /// - Throws: What is wrong, in the words of Docker.
    init(_ text: String) throws(RequestProblem) {
        let separator = text.firstIndex { $0 == ":" || $0 == "=" }
        guard let separator, separator != text.startIndex else {
            throw RequestProblem("bad format for add-host: \"\(text.prefix(256))\"")
        }
        name = String(text[..<separator])
        var address = String(text[text.index(after: separator)...])
        if address.hasPrefix("["), address.hasSuffix("]") { address = String(address.dropFirst().dropLast()) }
        self.address = address
        guard !name.contains(where: { $0.isWhitespace || $0 == "#" }), name.utf8.count <= 255 else {
            throw RequestProblem("bad format for add-host: \"\(text.prefix(256))\"")
        }
        guard address == "host-gateway" || NetworkText.isAddress(address) else {
            throw RequestProblem("invalid IP address in add-host: \"\(address.prefix(64))\"")
        }
    }
}

/// Texts of the network.
enum NetworkText {
    /// Whether a text is an IPv4 or IPv6 address, the latter with a zone or without.
    static func isAddress(_ text: String) -> Bool {
        guard text.utf8.count <= 64 else { return false }
        var (four, six) = (in_addr(), in6_addr())
        if inet_pton(AF_INET, text, &four) == 1 { return true }
        let address = text.prefix { $0 != "%" }
        return inet_pton(AF_INET6, String(address), &six) == 1
    }
}

/// The files that the engine gives to a container: its name, and where names are looked up.
struct ContainerFiles: Equatable, Sendable {
    /// `/etc/hostname`.
    var hostname: String
    /// `/etc/hosts`.
    var hosts: String
    /// `/etc/resolv.conf`.
    var resolver: String

    /// The paths in the container with the names in its folder on the host.
    static let places = [
        ("/etc/hostname", "hostname"), ("/etc/hosts", "hosts"), ("/etc/resolv.conf", "resolv.conf"),
    ]

    /// Those that a program of a build has: what it makes of `/etc/hostname` belongs to the image.
    static let placesInBuilds = places.filter { $0.0 != "/etc/hostname" }

    /// What the host has of the files.
    struct Host: Equatable, Sendable {
        var hosts = ""
        var resolver = ""

        init() {}

        /// The files of this machine; one that cannot be read counts as empty.
        static func current() -> Host {
            var host = Host()
            host.hosts = text("/etc/hosts")
            host.resolver = text("/etc/resolv.conf")
            return host
        }

        private static func text(_ path: String) -> String {
            guard let file = try? Descriptor.open(path, O_RDONLY | O_NONBLOCK),
                let bytes = try? file.contents(limit: 1 << 20)
            else { return "" }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// The files of a container.
    ///
    /// - Parameters:
    ///   - request: The request in its settled form.
    ///   - host: What the host has.
    ///   - endpoints: What the container has in its networks.
    init(_ request: ContainerCreateRequest, host: Host, _ endpoints: [ContainerEndpoint] = []) {
        let (config, settings) = (request.config, request.hostConfig)
        hostname = config.hostname + "\n"
        let mode = NetworkMode(settings.networkMode)
        let gateways = endpoints.flatMap(\.defaultGateways) + endpoints.flatMap(\.gateways)
        let extra = (settings.extraHosts ?? []).compactMap { try? ExtraHost($0) }.map { host in
            // `host-gateway` is the host as the container reaches it.
            var host = host
            if host.address == "host-gateway" { host.address = gateways.first ?? "127.0.0.1" }
            return host
        }
        hosts = mode == .host ? Self.appending(extra, to: host.hosts) : Self.hosts(config, extra, endpoints)
        resolver =
            endpoints.isEmpty
            ? Self.resolver(settings, host: host.resolver) : Self.ownResolver(settings, host: host.resolver)
    }

    private static func hosts(
        _ config: ContainerConfig,
        _ extra: [ExtraHost],
        _ endpoints: [ContainerEndpoint]
    ) -> String {
        let standard = """
            127.0.0.1\tlocalhost
            ::1\tlocalhost ip6-localhost ip6-loopback
            fe00::\tip6-localnet
            ff00::\tip6-mcastprefix
            ff02::1\tip6-allnodes
            ff02::2\tip6-allrouters

            """
        var names = config.hostname
        if names.isEmpty { return appending(extra, to: standard) }
        if !config.domainname.isEmpty { names = "\(names).\(config.domainname) \(names)" }
        var addresses = endpoints.flatMap(\.prefixes).map(\.address.description)
        // Without a network there is no address, and programs look their own name up.
        if addresses.isEmpty { addresses = ["127.0.1.1"] }
        let own = addresses.map { "\($0)\t\(names)\n" }.joined()
        return appending(extra, to: standard + own)
    }

    private static func appending(_ extra: [ExtraHost], to text: String) -> String {
        var result = text
        if !result.isEmpty, !result.hasSuffix("\n") { result += "\n" }
        for host in extra {
            result += "\(host.address)\t\(host.name)\n"
        }
        return result
    }

    /// The file that has names asked of the engine, which asks others on behalf of the container.
    private static func ownResolver(_ settings: HostConfig, host: String) -> String {
        func words(_ key: String) -> [String] {
            let lines = host.split(separator: "\n").map { $0.split { $0 == " " || $0 == "\t" } }
            return lines.last { $0.first.map(String.init) == key }?.dropFirst().map(String.init) ?? []
        }
        let search = settings.dnsSearch ?? words("search")
        var options = settings.dnsOptions ?? words("options")
        // A name without a dot is one of ours, as it is; Docker says so as well.
        if !options.contains(where: { $0.hasPrefix("ndots:") }) { options.append("ndots:0") }
        var lines = ["nameserver \(DNSSockets.address)"]
        let domains = search.filter { $0 != "." }
        if !domains.isEmpty { lines.append("search \(domains.joined(separator: " "))") }
        lines.append("options \(options.joined(separator: " "))")
        return lines.map { $0 + "\n" }.joined()
    }

    /// The host's file with what the request puts in its place.
    ///
    /// The text of the host is kept as it is where the request says nothing.
    private static func resolver(_ settings: HostConfig, host: String) -> String {
        let (servers, search) = (settings.dns ?? [], settings.dnsSearch ?? [])
        let options = settings.dnsOptions ?? []
        if servers.isEmpty, search.isEmpty, options.isEmpty { return host }
        var lines: [String] = []
        for line in host.split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" }
            let isReplaced =
                switch words.first {
                case "nameserver": !servers.isEmpty
                case "search", "domain": !search.isEmpty
                case "options": !options.isEmpty
                default: false
                }
            if !isReplaced { lines.append(String(line)) }
        }
        lines += servers.map { "nameserver \($0)" }
        // A dot alone takes away the host's.
        let domains = search.filter { $0 != "." }
        if !domains.isEmpty { lines.append("search \(domains.joined(separator: " "))") }
        if !options.isEmpty { lines.append("options \(options.joined(separator: " "))") }
        return lines.map { $0 + "\n" }.joined()
    }

    /// Writes the files into the container's folder on the host.
    ///
    /// What is there is written over in place, since a mount of a container may show it.
    ///
    /// - Parameter folder: The folder.
    /// - Throws: The error of openat2(2), write(2) and their like.
    func write(to folder: borrowing Descriptor) throws(SystemError) {
        for (name, text) in [("hostname", hostname), ("hosts", hosts), ("resolv.conf", resolver)] {
            let flags = O_WRONLY | O_CREAT | O_NOFOLLOW
            let file = try folder.open(name, flags, mode: 0o644, resolution: .noLinks)
            // The umask may have taken the right to read it from the container's users.
            if fchmod(file.number, 0o644) != 0 { throw SystemError("fchmod", errno, on: name) }
            let bytes = Array(text.utf8)
            try bytes.withUnsafeBufferPointer { (buffer) throws(SystemError) in
                try file.write(UnsafeRawBufferPointer(buffer), at: 0)
            }
            try file.truncate(to: Int64(bytes.count))
        }
    }
}
