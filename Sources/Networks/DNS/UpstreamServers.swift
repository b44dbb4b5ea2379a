// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
import Netlink

/// Whom the host asks for names: `/etc/resolv.conf` (resolv.conf(5)), read again whenever it is another file.
struct UpstreamServers {
    private struct Version: Equatable {
        var device: dev_t
        var node: ino_t
        var size: off_t
        var changed: timespec

        static func == (left: Version, right: Version) -> Bool {
            (left.device, left.node, left.size) == (right.device, right.node, right.size)
                && (left.changed.tv_sec, left.changed.tv_nsec) == (right.changed.tv_sec, right.changed.tv_nsec)
        }
    }

    private let path: String
    private var version: Version?
    private var servers: [IPAddress] = []

    /// As many as the C library asks (MAXNS).
    static let most = 3
    private static let longestFile = 1 << 16

    init(path: String) {
        self.path = path
    }

    /// The servers of the moment, in the order in which they are asked; none where the file names none or cannot be read.
    mutating func current() -> [IPAddress] {
        var status = stat()
        guard stat(path, &status) == 0 else { return servers }
        let now = Version(device: status.st_dev, node: status.st_ino, size: status.st_size, changed: status.st_ctim)
        if now == version { return servers }
        guard let bytes = try? Descriptor.open(path, O_RDONLY | O_NONBLOCK).contents(limit: Self.longestFile) else {
            return servers
        }
        version = now
        servers = Self.servers(in: String(decoding: bytes, as: UTF8.self))
        return servers
    }

    /// The servers that a file names.
    static func servers(in text: String) -> [IPAddress] {
        var servers: [IPAddress] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard words.count >= 2, words[0] == "nameserver" else { continue }
            // An address of one link has the link's name behind it, which means something on the host only.
            guard let address = IPAddress(String(words[1])) else { continue }
            servers.append(address)
        }
        return Array(servers.prefix(most))
    }
}
