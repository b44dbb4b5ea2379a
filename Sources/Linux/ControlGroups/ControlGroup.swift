// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The control group of one container: a directory of one name in every tree.
///
/// The value holds no descriptor, so a thousand of them cost nothing and an engine that starts anew can name the groups
/// of the one before. Each operation opens the directory once and does all its work through it.
package struct ControlGroup: Sendable {
    /// The trees that it is in.
    package let hierarchies: ControlGroupHierarchies
    /// Its name below ``ControlGroupHierarchies/parent``, a component a level.
    package let name: [String]

    /// The name of a group that exists, or that may exist.
    ///
    /// - Parameters:
    ///   - name: The name below ``ControlGroupHierarchies/parent``, a component a level.
    ///   - hierarchies: The trees.
    /// - Throws: Where a component could leave the parent.
    package init(named name: [String], in hierarchies: ControlGroupHierarchies) throws(ControlGroupError) {
        self.hierarchies = hierarchies
        self.name = name
        for component in hierarchies.parent + name where !Self.isValid(component) {
            throw ControlGroupError(
                .invalid,
                "name a control group \(path)",
                reason: "\"\(component)\" is not a name of a directory of 1 to 255 bytes"
            )
        }
        if name.isEmpty { throw ControlGroupError(.invalid, "name a control group", reason: "the name is empty") }
    }

    /// The name with the parent's, as messages and `/proc/<pid>/cgroup` have it.
    package var path: String {
        (hierarchies.parent + name).joined(separator: "/")
    }

    private static func isValid(_ component: String) -> Bool {
        (1...255).contains(component.utf8.count) && component != "." && component != ".."
            && !component.utf8.contains { $0 == UInt8(ascii: "/") || $0 < 0x20 }
    }

    /// Makes a group in every tree and sets its limits while no process is in it.
    ///
    /// Where anything fails, what was made is removed again.
    ///
    /// - Parameters:
    ///   - name: The name below ``ControlGroupHierarchies/parent``, a component a level.
    ///   - limits: What the group may use.
    ///   - hierarchies: The trees.
    /// - Returns: The group.
    /// - Throws: `.exists` for a name that is taken; what ``update(_:)`` throws.
    package static func create(
        _ name: [String],
        limits: ResourceLimits = ResourceLimits(),
        in hierarchies: ControlGroupHierarchies
    ) throws(ControlGroupError) -> ControlGroup {
        let group = try ControlGroup(named: name, in: hierarchies)
        var made: [ControlGroupHierarchy] = []
        do {
            for tree in hierarchies.all {
                try group.makeDirectory(in: tree, needed: limits.controllers)
                made.append(tree)
            }
            try group.apply(limits, isNew: true)
            return group
        } catch {
            for tree in made.reversed() { group.removeEmpty(in: tree) }
            throw error
        }
    }

    /// Opens the group's directory in a tree.
    func directory(in tree: ControlGroupHierarchy) throws(SystemError) -> ControlGroupDirectory {
        try tree.root.directory.directory(path)
    }

    /// Opens the group's directory in a tree for what the verb says.
    func directory(
        in tree: ControlGroupHierarchy,
        to verb: String
    ) throws(ControlGroupError) -> ControlGroupDirectory {
        try attempt(verb) { () throws(SystemError) -> ControlGroupDirectory in try directory(in: tree) }
    }

    /// Opens the directory of the tree that has a controller; nil where the machine has none.
    func directory(of controller: String) throws(SystemError) -> ControlGroupDirectory? {
        guard let tree = hierarchies.hierarchy(of: controller) else { return nil }
        return try directory(in: tree)
    }

    /// Whether the group is there: in the tree of version 2, else in the first of version 1.
    package func exists() throws(ControlGroupError) -> Bool {
        guard let tree = hierarchies.all.first else { return false }
        do {
            _ = try directory(in: tree)
            return true
        } catch  where error.number == ENOENT {
            return false
        } catch {
            throw ControlGroupError("look for control group \(path)", error)
        }
    }

    private func makeDirectory(
        in tree: ControlGroupHierarchy,
        needed: Set<String>
    ) throws(ControlGroupError) {
        // Another engine, or the removal of a sibling, may take an empty parent away between two steps: go again.
        var attempts = 100
        while true {
            do {
                return try makeLevels(in: tree, needed: needed)
            } catch  where [ENOENT, ENODEV].contains(error.number) && attempts > 0 {
                attempts -= 1
            }
        }
    }

    private func makeLevels(in tree: ControlGroupHierarchy, needed: Set<String>) throws(ControlGroupError) {
        var levels = hierarchies.parent + name
        let leaf = levels.removeLast()
        var way = "."
        if tree.version == .two { try enable(needed, in: tree, at: tree.root.directory) }
        for level in levels {
            try attempt("create") { () throws(SystemError) in
                let parent = try tree.root.directory.directory(way)
                _ = try parent.makeDirectory(level)
                try inheritProcessors(in: tree, parent: parent, child: level)
            }
            way += "/\(level)"
            if tree.version == .two {
                let directory = try attempt("create") { () throws(SystemError) -> ControlGroupDirectory in
                    try tree.root.directory.directory(way)
                }
                try enable(needed, in: tree, at: directory)
            }
        }
        let parent = try attempt("create") { () throws(SystemError) -> ControlGroupDirectory in
            try tree.root.directory.directory(way)
        }
        if try !attempt("create", { () throws(SystemError) in try parent.makeDirectory(leaf) }) {
            throw ControlGroupError(
                .exists,
                "create control group \(path)",
                on: "\(parent.path)/\(leaf)",
                reason: "there is one already; remove it, or what it belongs to, first",
                number: EEXIST
            )
        }
        do {
            try inheritProcessors(in: tree, parent: parent, child: leaf)
        } catch {
            removeEmpty(in: tree)
            throw failure("create", error)
        }
    }

    /// Gives a group of version 1's cpuset its parent's processors and memory nodes: with none it takes no process.
    private func inheritProcessors(
        in tree: ControlGroupHierarchy,
        parent: borrowing ControlGroupDirectory,
        child name: String
    ) throws(SystemError) {
        guard tree.version == .one, tree.controllers.contains("cpuset") else { return }
        let child = try parent.directory(name)
        for file in ["cpuset.cpus", "cpuset.mems"] {
            let own = try child.read(file)
            if own.contains(where: { !$0.isWhitespace }) { continue }
            try child.write(file, String(try parent.read(file).prefix { !$0.isWhitespace }))
        }
    }

    /// Lets the groups below a directory use controllers of version 2.
    ///
    /// Those that only measure are tried and left where the kernel says no; those that a limit needs must be had.
    func enable(
        _ needed: Set<String>,
        in tree: ControlGroupHierarchy,
        at directory: borrowing ControlGroupDirectory
    ) throws(ControlGroupError) {
        let wanted = tree.controllers.filter { needed.contains($0) || Self.measuring.contains($0) }
        if wanted.isEmpty { return }
        let action = "enable controllers for control group \(path)"
        let enabled: [String]
        do {
            let text = try directory.read("cgroup.subtree_control")
            enabled = text.split(whereSeparator: \.isWhitespace).map(String.init)
        } catch {
            throw ControlGroupError(action, error)
        }
        for controller in wanted where !enabled.contains(controller) {
            do {
                try directory.write("cgroup.subtree_control", "+\(controller)")
            } catch {
                if !needed.contains(controller) { continue }
                throw ControlGroupError(
                    "\(action): \(controller)",
                    error,
                    code: .unsupported,
                    hint: error.number == EBUSY ? "processes sit in that group itself; move them to one below it" : ""
                )
            }
        }
    }

    /// Controllers of version 2 that are worth having for what they measure.
    private static let measuring: Set = ["cpu", "io", "memory", "pids"]
}
