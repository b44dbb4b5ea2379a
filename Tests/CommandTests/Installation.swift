// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import NetlinkSupport
import TestSupport
import Testing

/// Where the processes of containers live.
enum EngineKind: CaseIterable, Sendable {
    /// In the engine's own process.
    case embedded
    /// In the keeper.
    case kept
}

/// The programs as they were built, with an engine of a test's own and an image `busybox`.
///
/// The engine and all commands are in a network of the test's own, so that the machine gets no bridges and no rules.
final class Installation: Sendable {
    let scratch: Scratch
    private let network: TestNetwork

    private init(_ scratch: Scratch, in network: TestNetwork) {
        self.scratch = scratch
        self.network = network
    }

    /// The folder of the engine.
    var root: String { scratch / "root" }

    /// The commands of a test find the programs, the engine and a few short words.
    private static let prologue = """
        run() { wharf container run --rm --network none "$@"; }
        c() { wharf container "$@"; }
        try() { "$@"; echo "[$?]"; }
        # The first lines of a command that would go on.
        lines() {
            local count=$1 line pid; shift
            exec 6< <(exec "$@"); pid=$!
            while [ $count -gt 0 ] && IFS= read -r line <&6; do echo "$line"; count=$((count - 1)); done
            exec 6<&-; kill $pid
        }
        """

    /// Runs a test, and sees to it that nothing is left of it.
    ///
    /// - Parameters:
    ///   - kind: Where containers live.
    ///   - body: The test.
    /// - Throws: What the test threw.
    static func with(
        _ kind: EngineKind = .kept,
        _ body: @Sendable (Installation) async throws -> Void
    ) async throws {
        let installation = Installation(try Scratch(), in: try await BlockingCall.run { try TestNetwork() })
        do {
            try await installation.begin(kind)
            try await body(installation)
        } catch {
            await installation.end()
            throw error
        }
        await installation.end()
    }

    private func begin(_ kind: EngineKind) async throws {
        let archive = try await busyboxArchive.value
        try scratch.write("busybox.tar", bytes: archive)
        try await succeed("ip link set lo up")
        if kind == .embedded { try await succeed("wharfd --embedded") }
        try await succeed("wharf image import busybox.tar busybox")
    }

    private func end() async {
        _ = try? await shell("for id in $(c ls -aq); do c rm -f $id; done; wharf engine stop")
        let forgotten = try? await BlockingCall.run { [root] in EngineProcesses.end(of: root) }
        #expect(forgotten == [], "processes are left")
        let mounts = (try? readText("/proc/self/mountinfo").split(separator: "\n")) ?? []
        #expect(mounts.filter { $0.contains(scratch.path) }.isEmpty, "mounts are left")
    }

    var environment: [String: String] {
        let folder = Binaries.path(of: "wharf").dropLast("/wharf".count)
        return [
            "PATH": "\(folder):/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "WHARF_ROOT": root,
            "DOCKER_HOST": "unix://\(root)/run/wharf.sock", "HOME": scratch.path, "TERM": "dumb", "LC_ALL": "C.UTF-8",
            "TZ": "UTC", "NO_COLOR": "1",
        ]
    }

    /// Runs a script of bash in the scratch folder.
    func shell(_ script: String) async throws -> Command.Outcome {
        let words = ["--net=/proc/\(getpid())/fd/\(network.number)", "/bin/bash", "-c", Self.prologue + "\n" + script]
        var command = Command("/usr/bin/nsenter", words, in: scratch.path, environment: environment)
        command.watchdogSeconds = 300
        let ready = command
        return try await BlockingCall.run { try ready.run() }
    }

    /// Runs a script that must succeed and say nothing but output.
    @discardableResult
    func succeed(_ script: String, _ location: SourceLocation = #_sourceLocation) async throws -> String {
        let outcome = try await shell("set -e\n" + script)
        #expect(outcome.end == .exit(0), "\(outcome.errors)", sourceLocation: location)
        #expect(outcome.errors == "", sourceLocation: location)
        return outcome.output
    }

    /// Runs a script of which output and errors are taken together.
    func transcript(_ script: String) async throws -> String {
        try await shell("exec 2>&1\n" + script).output
    }
}

/// The processes of an engine: it, and its keeper.
private enum EngineProcesses {
    /// Waits until they have ended, and ends those that do not.
    ///
    /// - Parameter root: The folder of the engine.
    /// - Returns: The command lines of those that had to be ended.
    static func end(of root: String) -> [String] {
        names(in: "/proc").compactMap { Int32($0) }.filter { belongs($0, to: root) }.compactMap { pid in
            let name = (try? readText("/proc/\(pid)/cmdline")) ?? "\(pid)"
            guard let pidfd = try? Descriptor.process(pid) else { return nil }
            var wait = pollfd(fd: pidfd.number, events: Int16(POLLIN), revents: 0)
            if poll(&wait, 1, 20_000) == 1 { return nil }
            let children = (try? readText("/proc/\(pid)/task/\(pid)/children"))?.split(separator: " ") ?? []
            for child in children.compactMap({ Int32($0) }) { kill(child, SIGKILL) }
            kill(pid, SIGKILL)
            return name
        }
    }

    private static func belongs(_ pid: Int32, to root: String) -> Bool {
        guard let program = try? readText("/proc/\(pid)/cmdline"), let variables = try? readText("/proc/\(pid)/environ")
        else { return false }
        return program.contains("wharf") && variables.split(separator: "\0").contains("WHARF_ROOT=\(root)")
    }
}

/// A root file system with busybox, as an archive; made once.
private let busyboxArchive = Task {
    try await BlockingCall.run {
        let scratch = try Scratch()
        let script = """
            mkdir -p root/bin root/tmp root/etc root/root; cp /bin/busybox root/bin; chmod 1777 root/tmp
            for name in $(/bin/busybox --list | grep -vx busybox); do ln -s busybox root/bin/$name; done
            echo root:x:0:0:root:/root:/bin/sh > root/etc/passwd
            echo web:x:1000:1000:web:/tmp:/bin/sh >> root/etc/passwd
            printf 'root:x:0:\\nstaff:x:50:web\\n' > root/etc/group
            tar -C root --numeric-owner --owner=0 --group=0 -cf root.tar .
            """
        let outcome = try Command("/bin/bash", ["-euo", "pipefail", "-c", script], in: scratch.path).run()
        guard outcome.end == .exit(0) else { throw SystemFailure(message: outcome.errors) }
        return try readBytes(scratch / "root.tar")
    }
}
