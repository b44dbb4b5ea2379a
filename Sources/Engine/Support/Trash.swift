// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Synchronization

/// The folder of what is being removed, and the root file systems that nothing runs in any more.
///
/// A container's files may be many; they are moved here at once and removed while nobody waits.
final class Trash: Sendable {
    let path: String
    private let background: BackgroundWork
    private let state = Mutex(State())

    private struct State {
        /// How often something was moved here.
        var additions = 0
        /// Root file systems to let go of.
        var roots: [RootMount] = []
        /// Whether somebody sees to it.
        var isAttended = false
    }

    /// Whoever removes one container often removes more, and needs the processors for that.
    private static let quiet = Duration.milliseconds(200)
    /// How long it waits for quiet.
    private static let patience = Duration.seconds(2)

    /// Makes the folder where it is missing.
    init(_ path: String, _ background: BackgroundWork) throws(SystemError) {
        self.path = path
        self.background = background
        try ContainerFolder.makeDirectory(path, mode: 0o700)
    }

    /// Removes what is in it, when there is time.
    ///
    /// What cannot be removed now stays until the next time.
    func empty() { attend { _ in } }

    /// Lets go of the root file system of a run that is over, when there is time.
    func add(_ root: RootMount) { attend { $0.roots.append(root) } }

    private func attend(adding add: (inout State) -> Void) {
        let isAttended = state.withLock { state in
            add(&state)
            state.additions += 1
            defer { state.isAttended = true }
            return state.isAttended
        }
        if !isAttended { background.add { await self.attend() } }
    }

    /// Removes what is in it while the caller waits.
    func emptyNow() { Self.empty(path) }

    private func attend() async {
        var seen: Int
        repeat {
            seen = await additionsOnceQuiet()
            let roots = state.withLock { state in
                defer { state.roots = [] }
                return state.roots
            }
            _ = try? await BlockingCall.run { [path] in
                for root in roots { root.letGo() }
                Self.empty(path)
            }
        } while state.withLock { state in
            if state.additions == seen { state.isAttended = false }
            return state.isAttended
        }
    }

    /// Waits until nothing more comes, or for as long as is reasonable; at the end of the engine not at all.
    ///
    /// - Returns: How often something had been moved here then.
    private func additionsOnceQuiet() async -> Int {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            let before = state.withLock(\.additions)
            try? await Task.sleep(for: Self.quiet)
            let after = state.withLock(\.additions)
            if after == before || Task.isCancelled || ContinuousClock.now > deadline { return after }
        }
    }

    private static func empty(_ path: String) {
        guard let folder = try? Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else { return }
        for name in (try? folder.entries()) ?? [] { try? folder.removeTree(name) }
    }
}
