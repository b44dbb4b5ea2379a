// SPDX-License-Identifier: Apache-2.0

/// A root file system with Debian's busybox and all of its programs, as an archive.
package enum BusyboxArchive {
    /// Made once for all tests of a process.
    private static let made = Result { () throws in
        let scratch = try Scratch()
        let script = """
            mkdir -p root/bin root/tmp root/etc root/proc root/sys root/dev; cp /bin/busybox root/bin; chmod 1777 root/tmp
            for name in $(/bin/busybox --list | grep -vx busybox); do ln -s busybox root/bin/$name; done
            echo root:x:0:0:root:/root:/bin/sh > root/etc/passwd
            echo nobody:x:65534:65534:nobody:/:/bin/sh >> root/etc/passwd
            tar -C root --numeric-owner --owner=0 --group=0 -cf root.tar .
            """
        let outcome = try Command("/bin/bash", ["-euo", "pipefail", "-c", script], in: scratch.path).run()
        guard outcome.end == .exit(0) else { throw SystemFailure(message: outcome.errors) }
        return try readBytes(scratch / "root.tar")
    }

    /// The bytes of the archive.
    package static func bytes() throws -> [UInt8] { try made.get() }
}
