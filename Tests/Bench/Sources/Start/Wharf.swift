// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI
import Runtime
import Seccomp
import TestSupport

/// The runtime that is measured.
struct Wharf {
    /// What the default engine does, and so what others are compared with.
    static let name = "wharf, by the keeper"

    private let bundle: Bundle
    private let keeper: KeeperClient
    private let trees: ControlGroupHierarchies
    private let filters = SeccompFilterCache()

    init(_ bundle: Bundle, _ keeper: KeeperClient) throws {
        self.bundle = bundle
        self.keeper = keeper
        var trees = try ControlGroupHierarchies.discover()
        trees.parent = ["wharf-bench-\(getpid())"]
        self.trees = trees
    }

    /// What a container has on the host: gone, with its processes, when the last reference goes.
    fileprivate final class Host {
        let resources: HostResources

        init(_ resources: HostResources) {
            self.resources = resources
        }

        deinit {
            do {
                // A container that has ended was removed by what is measured.
                guard try resources.group.exists() else { return }
                try resources.killAll()
                try resources.remove()
            } catch {
                print("cannot clean up: \(error)")
            }
        }
    }

    /// A container that runs until the last reference goes.
    final class Lasting {
        private let host: Host
        private let container: Container
        private let specification: RuntimeSpec

        fileprivate init(_ host: Host, _ container: consuming Container, _ specification: RuntimeSpec) {
            self.host = host
            self.container = container
            self.specification = specification
        }

        /// Runs a program in it to its end.
        func run(_ arguments: [String], named name: String) throws {
            var process = specification.process ?? RuntimeSpec.Process()
            process.args = arguments
            var request = ExecRequest(process, in: specification)
            request.name = name
            let running = try host.resources.exec(request, in: container)
            guard try running.wait() == .exit(0) else { throw SystemFailure(message: "the program failed") }
        }
    }

    /// Starts containers one after the other, each up to its removal.
    func starts(_ runs: Int, by launcher: any Launcher) throws -> [Double] {
        var specification = bundle.specification
        // As an engine does: the profile itself, of which the cache knows the filter.
        specification.linux?.seccomp = nil
        return try (0..<runs).map { _ in
            try seconds { try start(specification, by: launcher) }
        }
    }

    private func start(_ specification: RuntimeSpec, by launcher: any Launcher) throws {
        let (upper, work) = (bundle.scratch / "upper", bundle.scratch / "work")
        guard mkdir(upper, 0o755) == 0, mkdir(work, 0o755) == 0 else { throw SystemFailure("make", upper) }
        let host = try prepare(specification, "container")
        let root = try overlay(upper, work)
        var request = LaunchRequest(specification)
        request.name = "container"
        request.root = root.number
        let running = try host.resources.start(request, by: launcher)
        guard try running.process.wait() == .exit(0) else { throw SystemFailure(message: "the container failed") }
        if launcher is KeeperLauncher { try keeper.forget("container") }
        try host.resources.remove()
        removeTree(upper)
        removeTree(work)
    }

    private func prepare(_ specification: RuntimeSpec, _ name: String) throws -> Host {
        Host(try .prepare(for: specification, named: name, in: trees, profile: .standard, filters: filters))
    }

    private func overlay(_ upper: String, _ work: String) throws -> Descriptor {
        try Descriptor.newMount(
            "overlay",
            parameters: [
                ("lowerdir", .text(bundle.scratch / "image")), ("upperdir", .text(upper)), ("workdir", .text(work)),
                ("volatile", .flag),
            ]
        )
    }

    /// Starts a container for programs to join.
    func startLasting() throws -> Lasting {
        var specification = bundle.specification
        specification.linux?.seccomp = nil
        specification.process?.args = ["sleep", "1000000"]
        let (upper, work) = (bundle.scratch / "lasting/upper", bundle.scratch / "lasting/work")
        try makeFolder(upper)
        try makeFolder(work)
        let host = try prepare(specification, "lasting")
        let root = try overlay(upper, work)
        var request = LaunchRequest(specification)
        request.name = "lasting"
        request.root = root.number
        return Lasting(host, try host.resources.start(request, by: KeeperLauncher(keeper)), specification)
    }

    /// Runs programs in it one after the other.
    func execs(_ runs: Int, in lasting: Lasting) throws -> [Double] {
        try (0..<runs).map { _ in
            try seconds {
                try lasting.run(["true"], named: "exec")
                try keeper.forget("exec")
            }
        }
    }
}
