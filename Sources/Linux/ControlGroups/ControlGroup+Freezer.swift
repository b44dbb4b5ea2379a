// SPDX-License-Identifier: Apache-2.0

import Glibc

extension ControlGroup {
    /// Stops every process of the group and of those below it.
    ///
    /// Where it does not succeed in time the group is thawed again.
    ///
    /// - Parameter timeout: How long the processes may take to stop.
    /// - Throws: `.busy` where time was up; `.unsupported` where the machine has no freezer.
    package func freeze(timeout: Duration = .seconds(5)) throws(ControlGroupError) {
        let deadline = ContinuousClock.now + timeout
        let freezer = try freezer("freeze")
        let isDone: Bool
        do {
            isDone = try freeze(with: freezer, deadline: deadline)
        } catch {
            thawAfterFailure(freezer)
            throw failure("freeze", error)
        }
        if isDone { return }
        thawAfterFailure(freezer)
        throw ControlGroupError(
            .busy,
            "freeze control group \(path)",
            reason: "its processes did not stop within \(timeout); one of them may be in an uninterruptible call"
        )
    }

    /// Lets the processes of the group run again.
    ///
    /// - Throws: `.unsupported` where the machine has no freezer.
    package func thaw() throws(ControlGroupError) {
        let freezer = try freezer("thaw")
        try attempt("thaw") { () throws(SystemError) in try thaw(with: freezer) }
    }

    /// Whether every process of the group is stopped.
    package func isFrozen() throws(ControlGroupError) -> Bool {
        let freezer = try freezer("look into")
        return try attempt("look into") { () throws(SystemError) in
            let directory = try directory(in: freezer)
            if freezer.version == .two { return KeyedValues(try directory.read("cgroup.events"))["frozen"] == 1 }
            return try directory.read("freezer.state").hasPrefix("FROZEN")
        }
    }

    /// The tree that freezes: version 2 where it can.
    private func freezer(_ verb: String) throws(ControlGroupError) -> ControlGroupHierarchy {
        if let unified = hierarchies.unified {
            let directory = try directory(in: unified, to: verb)
            if directory.has("cgroup.freeze") { return unified }
        }
        if let tree = hierarchies.hierarchy(of: "freezer") { return tree }
        throw ControlGroupError(
            .unsupported,
            "\(verb) control group \(path)",
            reason: "this machine has no freezer: neither cgroup.freeze nor the freezer controller of version 1"
        )
    }

    private func freeze(
        with freezer: ControlGroupHierarchy,
        deadline: ContinuousClock.Instant
    ) throws(SystemError) -> Bool {
        let directory = try directory(in: freezer)
        if freezer.version == .two {
            try directory.write("cgroup.freeze", "1")
            return try waitForEvent("frozen", 1, in: freezer, deadline: deadline)
        }
        // Version 1 has no event, and may hang in FREEZING while processes fork: asking again helps.
        while true {
            try directory.write("freezer.state", "FROZEN")
            for _ in 0..<10 {
                if try directory.read("freezer.state").hasPrefix("FROZEN") { return true }
                if ContinuousClock.now >= deadline { return false }
                poll(nil, 0, 1)
            }
        }
    }

    private func thaw(with freezer: ControlGroupHierarchy) throws(SystemError) {
        let directory = try directory(in: freezer)
        if freezer.version == .two { return try directory.write("cgroup.freeze", "0") }
        try directory.write("freezer.state", "THAWED")
    }

    private func thawAfterFailure(_ freezer: ControlGroupHierarchy) {
        do {
            try thaw(with: freezer)
        } catch {
            // The group is gone, or refuses both ways: the error that led here is the one to tell.
            return
        }
    }
}
