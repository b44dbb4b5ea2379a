// SPDX-License-Identifier: Apache-2.0

import BenchKit
import Glibc
import TestSupport

/// Debian's runc, each run of which is a process of its own.
struct Runc {
    private let bundle: Bundle

    init(_ bundle: Bundle) {
        self.bundle = bundle
    }

    private func run(_ arguments: [String]) throws -> Double {
        try Command("/usr/sbin/runc", ["--root", bundle.scratch / "runc"] + arguments).succeed()
    }

    /// Runs containers one after the other, each up to its removal.
    func starts(_ runs: Int) throws -> [Double] {
        let name = "wharf-bench-runc"
        let path = try bundle.write(name, ["true"])
        defer { removeGroups(name) }
        return try (0..<runs).map { _ in try run(["run", "--bundle", path, name]) }
    }

    /// Starts a container for programs to join.
    func startLasting() throws -> Lasting {
        let name = "wharf-bench-lasting"
        let path = try bundle.write(name, ["sleep", "1000000"])
        _ = try run(["run", "--detach", "--bundle", path, name])
        return Lasting(runc: self, name: name)
    }

    /// A container that runs until the last reference goes.
    final class Lasting {
        private let runc: Runc
        private let name: String

        fileprivate init(runc: Runc, name: String) {
            self.runc = runc
            self.name = name
        }

        deinit {
            do {
                _ = try runc.run(["delete", "--force", name])
            } catch {
                print("cannot clean up: \(error)")
            }
            removeGroups(name)
        }

        /// Runs programs in it one after the other.
        func execs(_ runs: Int) throws -> [Double] {
            try (0..<runs).map { _ in try runc.run(["exec", name, "true"]) }
        }
    }
}

/// Removes what runc leaves: the group of version 2 where there are others of version 1.
private func removeGroups(_ name: String) {
    for tree in names(in: "/sys/fs/cgroup") { rmdir("/sys/fs/cgroup/\(tree)/\(name)") }
}

/// Docker's command with a daemon that somebody else starts and stops.
final class Docker {
    private let command: String
    private let socket: String
    private let container = "wharf-bench"

    init(_ command: String, socket: String, _ bundle: Bundle) throws {
        self.command = command
        self.socket = socket
        let archive = bundle.scratch / "image.tar"
        let packed = try Command("/bin/tar", ["-C", bundle.scratch / "image", "-cf", archive, "."]).run()
        guard packed.end == .exit(0) else { throw SystemFailure(message: packed.errors) }
        _ = try run(["import", archive, "wharf-bench"])
        _ = try run(["run", "--detach", "--network", "none", "--name", container, "wharf-bench", "sleep", "1000000"])
    }

    deinit {
        do {
            _ = try run(["rm", "--force", container])
        } catch {
            print("cannot clean up: \(error)")
        }
    }

    private func run(_ arguments: [String]) throws -> Double {
        try Command(command, ["--host", "unix://\(socket)"] + arguments).succeed()
    }

    /// Runs containers one after the other, each up to its removal.
    func starts(_ runs: Int) throws -> [Double] {
        try (0..<runs).map { _ in try run(["run", "--rm", "--network", "none", "wharf-bench", "true"]) }
    }

    /// Runs programs in a container one after the other.
    func execs(_ runs: Int) throws -> [Double] {
        try (0..<runs).map { _ in try run(["exec", container, "true"]) }
    }
}
