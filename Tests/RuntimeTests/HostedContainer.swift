// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI
import Runtime
import Seccomp
import Synchronization
import TestSupport

private let nextNumber = Atomic(0)

/// Filters of all tests of this run: each profile is compiled once.
private let filters = SeccompFilterCache()

extension ControlGroupHierarchies {
    /// The parent of the groups of this test run; those of earlier or other runs are never touched.
    static let testParent = "wharf-runtime-test-\(getpid())"

    /// The trees of this machine with a parent of the test run.
    static func ofTests() throws -> ControlGroupHierarchies {
        var trees = try ControlGroupHierarchies.discover()
        trees.parent = [testParent]
        return trees
    }
}

/// What a container of a test has on the host: gone, with its processes, when the last reference goes.
final class TestHost: Sendable {
    let resources: HostResources
    /// The pidfds of the containers that were started, to be reaped where a test did not wait for their end.
    private let started = Mutex<[Int32]>([])

    init(_ specification: RuntimeSpec, profile: SeccompProfile? = nil) throws {
        let number = nextNumber.add(1, ordering: .relaxed).newValue
        resources = try HostResources.prepare(
            for: specification,
            named: "container-\(number)",
            in: .ofTests(),
            profile: profile,
            filters: filters
        )
    }

    deinit {
        do {
            try resources.killAll()
            // One that is left over would keep the tests that run in processes of their own from being waited for.
            for number in started.withLock({ $0 }) { _ = try? Descriptor(owning: number).waitForProcess() }
            try resources.remove()
        } catch {
            print("cannot clean up: \(error)")
        }
    }

    /// Notes a container that is to be reaped.
    func note(_ container: borrowing Container) throws {
        let number = try container.process.pidfd.duplicate().release()
        started.withLock { $0.append(number) }
    }

    /// The directories of the group that exist.
    var directories: [String] {
        let trees = resources.group.hierarchies
        return ((trees.unified.map { [$0] } ?? []) + trees.legacy)
            .map { "\($0.mountPoint)/\(resources.group.path)" }
            .filter(isFolder)
    }
}

/// A file of a control group, for a machine that has its controller in version 1 or in version 2.
struct GroupFile {
    let controller: String
    private let names: (one: String, two: String)

    init(_ controller: String, _ one: String, _ two: String) {
        self.controller = controller
        names = (one, two)
    }

    /// Where it lies on the host.
    func path(in group: ControlGroup) -> String {
        guard let tree = group.hierarchies.hierarchy(of: controller) else { return "no \(controller)" }
        return "\(tree.mountPoint)/\(group.path)/\(tree.version == .one ? names.one : names.two)"
    }

    /// Where it lies inside the container.
    func pathInside(of group: ControlGroup) -> String {
        guard let tree = group.hierarchies.hierarchy(of: controller) else { return "no \(controller)" }
        let folder = tree.mountPoint.split(separator: "/").last ?? ""
        return "/sys/fs/cgroup/" + (tree.version == .one ? "\(folder)/\(names.one)" : names.two)
    }

    /// What it says on either kind of machine.
    func choose<Value>(in group: ControlGroup, _ one: Value, _ two: Value) -> Value {
        group.hierarchies.hierarchy(of: controller)?.version == .one ? one : two
    }
}

extension TestContainer {
    /// Changes the limits of the specification.
    mutating func limit(_ body: (inout RuntimeSpec.Resources) -> Void) {
        var resources = specification.linux?.resources ?? RuntimeSpec.Resources()
        body(&resources)
        specification.linux?.resources = resources
    }

    /// Starts the container on a host of its own, its output in a pipe.
    mutating func start(
        on host: TestHost,
        output: borrowing Pipe,
        by launcher: any Launcher = EmbeddedLauncher()
    ) throws -> Container {
        request.specification = specification
        let writer = StandardStream.descriptor(output.writer.number)
        request.streams = .streams(input: .null, output: writer, error: writer)
        let container = try host.resources.start(request, by: launcher)
        try host.note(container)
        return container
    }

    /// Runs the container to its end on a host of its own.
    mutating func run(on host: TestHost, by launcher: any Launcher = EmbeddedLauncher()) throws -> Outcome {
        let pipe = try Pipe()
        let container = try start(on: host, output: pipe, by: launcher)
        let output = try pipe.split { reader, writer in
            close(writer.release())
            return try readToEnd(reader)
        }
        return Outcome(end: try container.process.wait(), output: output)
    }

    /// Runs a program in a container that runs, to its end.
    func exec(_ arguments: [String], in container: borrowing Container, on host: TestHost) throws -> Outcome {
        let pipe = try Pipe()
        var process = specification.process ?? RuntimeSpec.Process()
        process.args = arguments
        var request = ExecRequest(process, in: specification)
        request.name = arguments.joined(separator: " ")
        let writer = StandardStream.descriptor(pipe.writer.number)
        request.streams = .streams(input: .null, output: writer, error: writer)
        let program = try host.resources.exec(request, in: container)
        let output = try pipe.split { reader, writer in
            close(writer.release())
            return try readToEnd(reader)
        }
        return Outcome(end: try program.wait(), output: output)
    }
}
