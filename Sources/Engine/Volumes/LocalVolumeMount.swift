// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import OCI
import Runtime

/// What the options of the driver `local` have mounted in place of a volume's folder.
struct LocalVolumeMount: Sendable {
    private let mount: RuntimeSpec.Mount

    private static let known: Set = ["type", "o", "device", "size"]
    /// Each means nothing without the others, as with Docker.
    private static let companions = [("device", ["type"]), ("o", ["device", "type"]), ("type", ["device"])]
    /// Words for mount(8) that change a mount that is there, or are of its files.
    private static let misplaced: Set = [
        "remount", "move", "loop", "shared", "rshared", "slave", "rslave", "private", "rprivate", "unbindable",
        "runbindable", "idmap", "ridmap", "source",
    ]

    /// Reads the options; nil comes back for none, which is a folder of the engine.
    ///
    /// - Parameter options: `type`, `device` and `o` as mount(8) takes them.
    /// - Throws: The option that is wrong, in the words of Docker where it has some.
    init?(_ options: [String: String]) throws(RequestProblem) {
        if options.isEmpty { return nil }
        if let unknown = options.keys.sorted().first(where: { !Self.known.contains($0) }) {
            throw RequestProblem("invalid option: \"\(unknown.prefix(64))\"")
        }
        if options["size"] != nil {
            throw RequestProblem(
                "quota size requested but no quota support: the option `size` limits no folder; "
                    + "with `type=tmpfs` write `o=size=…`"
            )
        }
        for (option, others) in Self.companions where options[option] != nil {
            if let missing = others.first(where: { options[$0] == nil }) {
                throw RequestProblem("missing required option: \"\(missing)\"")
            }
        }
        let (type, device) = (options["type", default: ""], options["device", default: ""])
        for (name, text) in [("type", type), ("device", device), ("o", options["o", default: ""])]
        where text.utf8.count >= 4096 || text.utf8.contains(0) {
            throw RequestProblem("the option `\(name)` is longer than Linux takes, or has a zero byte")
        }
        let words = options["o", default: ""].split(separator: ",").map(String.init)
        if let word = words.first(where: { Self.misplaced.contains(String($0.prefix { $0 != "=" })) }) {
            throw RequestProblem("the option `o` has `\(word.prefix(64))`, which makes no sense for a volume")
        }
        mount = RuntimeSpec.Mount(destination: "/", type: type, source: device, options: words)
        try check()
    }

    private func check() throws(RequestProblem) {
        let detached: DetachedMount
        do {
            detached = try DetachedMount(mount)
        } catch {
            throw RequestProblem("invalid option `o`: \(error)")
        }
        if mount.type == "tmpfs" { _ = try TmpfsOptions.merged(mount.options) }
        guard detached.isBind else {
            if mount.type.isEmpty || mount.type == "none" {
                throw RequestProblem(
                    "the option `type` is \"\(mount.type)\", which is no file system; add `bind` to the option `o`, "
                        + "or name one such as tmpfs or nfs"
                )
            }
            return
        }
        guard mount.source.hasPrefix("/") else {
            throw RequestProblem(
                "the option `device` is '\(mount.source.prefix(256))', and a bind needs an absolute path"
            )
        }
        if let parameter = detached.parameters.first {
            throw RequestProblem("the option `o` has `\(parameter.prefix(64))`, which makes no sense for a bind")
        }
    }

    /// The value of an option as errors show it: without passwords.
    static func shown(_ value: String) -> String {
        value.split(separator: ",", omittingEmptySubsequences: false).map { word in
            let name = word.prefix { $0 != "=" }
            return ["pass", "password", "password2"].contains(name) ? "\(name)=********" : String(word)
        }.joined(separator: ",")
    }

    /// The words of the option `o` with the address of the host in place of its name.
    ///
    /// - Returns: The words.
    /// - Throws: `EHOSTUNREACH` where nobody knows the address.
    func resolvedOptions() throws(SystemError) -> [String] {
        guard mount.type.hasPrefix("nfs") || mount.type == "cifs" else { return mount.options }
        // The kernel takes addresses only.
        var words = mount.options
        for (index, word) in words.enumerated() where word.hasPrefix("addr=") {
            let host = String(word.dropFirst("addr=".count))
            guard let address = HostAddress.find(host) else { throw SystemError("getaddrinfo", EHOSTUNREACH, on: host) }
            words[index] = "addr=\(address)"
        }
        return words
    }

    /// Makes the mount, attached nowhere yet.
    ///
    /// - Throws: The error of the call that the kernel refused, or that of the host's address as `EHOSTUNREACH`.
    func makeTree() throws(SystemError) -> Descriptor {
        var resolved = mount
        resolved.options = try resolvedOptions()
        do {
            return try DetachedMount(resolved).make()
        } catch let error as SystemError {
            throw error
        } catch {
            // It was read before.
            throw SystemError("mount", EINVAL, on: mount.source)
        }
    }
}
