// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
package import EngineClient
import Glibc
import Linux
package import TestSupport

/// An engine of a benchmark's own, with an image of busybox; gone with all of its containers when the last reference goes.
package final class BenchEngine {
    package static let image = "wharf-bench"

    package let client: EngineClient
    private let scratch: Scratch
    package let root: String
    private let wharf: String

    /// Starts the engine that is built beside the benchmark, from copies of its programs.
    ///
    /// - Parameter scratch: A folder, in which it has a root.
    /// - Throws: What it wants and does not get.
    package init(in scratch: Scratch) throws {
        self.scratch = scratch
        root = scratch / "root"
        // As they are installed: a file that the linker has written lies in the page cache in smaller pieces.
        try makeFolder(scratch / "programs")
        let programs = ["wharf", "wharfd", "wharf-keeper"].map { Binaries.path(of: $0) }
        try Command("/bin/cp", programs + [scratch / "programs"]).succeed()
        wharf = scratch / "programs/wharf"
        client = EngineClient(
            location: EngineLocation(root: root, environment: { _ in nil }, uid: geteuid()),
            startsEngine: false
        )
        for folder in ["bin", "dev", "proc", "sys", "tmp"] { try makeFolder(scratch / "busybox/\(folder)") }
        try Command("/bin/cp", ["/bin/busybox", scratch / "busybox/bin/busybox"]).succeed()
        for name in ["cat", "dd", "sh", "sleep", "true", "yes"] {
            try scratch.link("busybox/bin/\(name)", to: "busybox")
        }
        try Command("/bin/tar", ["-C", scratch / "busybox", "-cf", scratch / "busybox.tar", "."]).succeed()
        _ = try run(["image", "import", scratch / "busybox.tar", Self.image])
    }

    deinit {
        do {
            try end()
        } catch {
            print("cannot clean up: \(error)")
        }
    }

    private func end() throws {
        // One that has gone by itself left nothing.
        guard let status = try? client.status() else { return }
        let pids = [status.pid, status.keeperPID].compactMap { $0 }
        let processes = try pids.map { Held(process: try Descriptor.process(Int32(truncatingIfNeeded: $0))) }
        for container in try client.listContainers(showsAll: true) {
            try client.removeContainer(container.id, force: true)
        }
        try client.stopEngine()
        for held in processes {
            var wait = pollfd(fd: held.process.number, events: Int16(POLLIN), revents: 0)
            while poll(&wait, 1, -1) < 0, errno == EINTR {}
        }
    }

    private final class Held {
        let process: Descriptor

        init(process: consuming Descriptor) {
            self.process = process
        }
    }

    // MARK: As a user

    /// Runs `wharf` with some arguments, and returns how many seconds that took.
    package func run(_ arguments: [String]) throws -> Double {
        try Command(wharf, ["--root", root] + arguments).succeed()
    }

    // MARK: As a client

    /// What a container without a network is to be that runs a program.
    package func request(_ program: [String], removesItself: Bool = false) -> ContainerCreateRequest {
        var config = ContainerConfig()
        config.image = Self.image
        config.cmd = CommandWords(program)
        var request = ContainerCreateRequest(config: config)
        request.hostConfig.networkMode = "none"
        request.hostConfig.autoRemove = removesItself
        return request
    }

    /// Makes a container and starts it.
    ///
    /// - Returns: Its identifier.
    package func start(_ program: [String]) throws -> String {
        let id = try client.createContainer(request(program), named: nil).id
        try client.startContainer(id)
        return id
    }

    // MARK: What it has of the machine

    /// The folders in which the control groups of containers are, in all hierarchies.
    ///
    /// - Parameter id: A container that runs: its groups show where those of others are.
    /// - Returns: Their paths.
    /// - Throws: Where that cannot be found out.
    package func groupFolders(of id: String) throws -> [String] {
        let pid = try client.inspectContainer(id).state.pid
        let parents = try readText("/proc/\(pid)/cgroup").split(separator: "\n").compactMap { line in
            let path = line.split(separator: ":", omittingEmptySubsequences: false).last ?? ""
            return path.lastIndex(of: "/").map { String(path[..<$0]) }
        }
        let trees = ["/sys/fs/cgroup"] + names(in: "/sys/fs/cgroup").map { "/sys/fs/cgroup/\($0)" }
        return trees.flatMap { tree in Set(parents).map { tree + $0 } }.filter { isFolder("\($0)/\(id)") }
    }

    /// The engine and its keeper.
    package func processes() throws -> (engine: RunningProcess, keeper: RunningProcess) {
        let status = try client.status()
        guard let keeper = status.keeperPID else { throw SystemFailure(message: "the engine has no keeper") }
        return (RunningProcess(pid: status.pid), RunningProcess(pid: keeper))
    }
}

/// What the kernel says of a process.
package struct RunningProcess {
    private let folder: String

    package init(pid: some BinaryInteger) {
        folder = "/proc/\(pid)"
    }

    /// Its resident memory in bytes.
    package func memory() throws -> Int {
        for line in try readText(folder + "/status").split(separator: "\n") where line.hasPrefix("VmRSS:") {
            if let number = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({
                Int($0)
            }) {
                return number << 10
            }
        }
        throw SystemFailure(message: "\(folder) does not tell its memory")
    }

    /// What its descriptors are of, without what differs between two of a kind: files by their paths, others by their kinds.
    package var descriptors: [String: Int] {
        var kinds: [String: Int] = [:]
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        for name in names(in: folder + "/fd") {
            let length = readlink("\(folder)/fd/\(name)", &target, target.count)
            // One that was just being closed.
            guard length > 0 else { continue }
            let text = String(decoding: target.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            kinds[text.hasPrefix("/") ? text : text.prefix { $0 != "[" }.description, default: 0] += 1
        }
        return kinds
    }

    /// How many processes have it as their parent.
    package func children() throws -> Int {
        let pid = folder.split(separator: "/").last ?? ""
        return try readText("\(folder)/task/\(pid)/children").split(separator: " ").count
    }

    /// How many threads it has.
    package var threads: Int { names(in: folder + "/task").count }
}
