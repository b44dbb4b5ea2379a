// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import TestSupport

@testable import Linux

/// Which trees of this machine a test uses.
enum Trees: CaseIterable, Sendable {
    /// All, as the product does.
    case all
    /// As on a machine without version 2.
    case legacyOnly
    /// As there, and without a freezer.
    case withoutFreezer

    /// Those that this machine has: without version 1 there is but one way.
    static let available: [Trees] = {
        let mounts = (try? readText("/proc/self/mountinfo")) ?? ""
        return mounts.contains(" - cgroup ") ? allCases : [.all]
    }()
}

/// The parent of all groups of this test run; groups of earlier or other runs are never touched.
private let parentName = "wharf-test-\(getpid())"

private let nextNumber = Atomic(0)

extension ControlGroupHierarchies {
    /// The trees of this machine, with a parent of the test run.
    static func forTests(_ trees: Trees = .all) throws -> ControlGroupHierarchies {
        var found: ControlGroupHierarchies
        switch trees {
        case .all: found = try .discover(base: .top)
        case .legacyOnly, .withoutFreezer:
            let mounts = ControlGroupMount.all(
                mountInfo: try readText("/proc/self/mountinfo"),
                ownGroups: try readText("/proc/self/cgroup")
            )
            found = try ControlGroupHierarchies(mounts.filter { $0.version == .one }, base: .top)
            if trees == .withoutFreezer { found.legacy.removeAll { $0.controllers.contains("freezer") } }
        }
        found.parent = [parentName]
        return found
    }
}

/// A group of one test, with its processes ended and its directories gone when the last reference goes.
final class TestGroup {
    let group: ControlGroup

    init(_ limits: ResourceLimits = ResourceLimits(), in hierarchies: ControlGroupHierarchies) throws {
        let number = nextNumber.add(1, ordering: .relaxed).newValue
        group = try ControlGroup.create(["group-\(number)"], limits: limits, in: hierarchies)
    }

    convenience init(_ limits: ResourceLimits = ResourceLimits(), _ trees: Trees = .all) throws {
        try self.init(limits, in: .forTests(trees))
    }

    deinit {
        do {
            try group.kill()
            try group.remove()
        } catch {
            print("cannot clean up: \(error)")
        }
    }

    /// The directories of the group that exist, by the tree's mount point.
    var directories: [String] {
        group.hierarchies.all.map { "\($0.mountPoint)/\(group.path)" }.filter(isFolder)
    }

    /// A file of the group in the tree that has the controller.
    func file(_ controller: String, _ name: String) throws -> String {
        let tree = group.hierarchies.hierarchy(of: controller)
        return try readText("\(tree?.mountPoint ?? "")/\(group.path)/\(name)").trimmed
    }

    /// Starts a process in the group.
    func start(_ child: Child) throws -> Child {
        try group.attach(child.process)
        child.go()
        return child
    }
}

extension String {
    var trimmed: String { String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()) }
}

/// Waits for an event of a descriptor; false where there is none for a minute, which only a failing test sees.
func awaitEvent(_ number: Int32, _ events: Int16) -> Bool {
    var request = pollfd(fd: number, events: events, revents: 0)
    return poll(&request, 1, 60_000) == 1
}
