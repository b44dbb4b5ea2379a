// SPDX-License-Identifier: Apache-2.0

import Watch

/// What is to be done after changes.
struct WatchReaction: Equatable {
    /// What is copied, by service; the tree of a change is the number of its rule.
    var syncs: [String: [TreeChange]] = [:]
    /// The services that are restarted, each once.
    var restarts: Set<String> = []
    /// The numbers of the rules whose hook is run, each once.
    var hooks: Set<Int> = []
    /// The services whose images are built anew.
    var rebuilds: Set<String> = []

    /// What rules say to changes.
    ///
    /// - Parameters:
    ///   - changes: The changes; the tree of each is the number of a rule.
    ///   - paths: The rules.
    init(_ changes: [TreeChange], by paths: [WatchedPath]) {
        for change in changes {
            let path = paths[change.tree]
            if path.syncs { syncs[path.service, default: []].append(change) }
            if path.restarts { restarts.insert(path.service) }
            if path.runsHook { hooks.insert(change.tree) }
            if path.rebuilds { rebuilds.insert(path.service) }
        }
    }
}
