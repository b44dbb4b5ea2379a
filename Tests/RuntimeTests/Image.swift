// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import TestSupport

/// A tree of busybox that all containers of the test process share, each below layers of its own.
enum Image {
    /// The path of the tree, which no test may change; it is gone when the process ends.
    static func base() throws -> String { try made.get() }

    private static func remove() {
        if case .success(let path) = made { removeTree(path) }
    }

    private static let made: Result<String, SystemFailure> = Result { () throws(SystemFailure) -> String in
        var template = Array("/tmp/wharf-image-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemFailure("create a folder in", "/tmp") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o755)
        atexit { Image.remove() }
        for folder in ["bin", "etc", "tmp"] where mkdir("\(path)/\(folder)", 0o755) != 0 {
            throw SystemFailure("create", "\(path)/\(folder)")
        }
        chmod("\(path)/tmp", 0o1777)
        try writeFile("\(path)/bin/busybox", readBytes("/bin/busybox"))
        chmod("\(path)/bin/busybox", 0o755)
        for name in applets where symlink("busybox", "\(path)/bin/\(name)") != 0 {
            throw SystemFailure("make a link", name)
        }
        try writeFile("\(path)/etc/passwd", Array("root:x:0:0:root:/root:/bin/sh\n".utf8))
        return path
    }

    private static let applets = [
        "[", "awk", "cat", "chmod", "chown", "chroot", "cut", "dd", "dnsdomainname", "echo", "env", "expr", "false",
        "find", "grep", "head", "hostname", "id", "ip", "ipcs", "kill", "ln", "ls", "mkdir", "mkfifo", "mknod", "mount",
        "mv", "nsenter", "printf", "ps", "pwd", "readlink", "rm", "rmdir", "sed", "seq", "sh", "sleep", "sort", "stat",
        "stty", "sync", "tail", "tee", "test", "touch", "tr", "true", "tty", "umount", "uname", "unshare", "usleep",
        "wc",
    ]
}
