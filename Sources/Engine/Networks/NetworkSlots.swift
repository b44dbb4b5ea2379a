// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Linux
import Networks
import Synchronization

/// Networks of containers that are made before anybody needs them, off the way of whoever starts a container.
///
/// There are as many as containers were last started at once, so that a stack that comes up again finds one for each of its
/// containers; they are made when none was taken for a moment, and given up when none is taken for long.
final class NetworkSlots: Sendable {
    /// A slot, with the identifier of the endpoint that it becomes.
    struct Slot: Sendable {
        let endpoint: ObjectID
        let network: NetworkSlot
    }

    private struct State {
        var slots: [Slot] = []
        /// How many there are to be.
        var target = 0
        /// How often one was asked for.
        var wishes = 0
        /// How many of these there were when there were as many slots as there should be.
        var met = 0
        /// Whether somebody sees to it that there are as many as there should be.
        var isAttended = false
        /// Whether somebody gives them up when none is taken for long.
        var isWatched = false
        /// Whether the engine has ended, so that nothing is opened any more.
        var isClosed = false
    }

    /// How long none is taken before others are made: who starts containers needs the processors.
    private static let quiet = Duration.milliseconds(20)
    /// How long none is taken before they are given up: the kernel has some hundred kilobytes in each.
    private static let patience = Duration.seconds(600)
    /// How many there are at most.
    private static let most = 64

    private let state = Mutex(State())
    private let background: BackgroundWork
    private let make: @Sendable () throws -> Slot

    /// - Parameters:
    ///   - background: Does what nobody waits for.
    ///   - make: Makes a slot, in calls that wait for the kernel.
    init(_ background: BackgroundWork, make: @escaping @Sendable () throws -> Slot) {
        self.background = background
        self.make = make
    }

    /// One that nobody else gets; nil where there is none yet.
    func take() -> Slot? {
        let (slot, isAttended) = state.withLock { state in
            if state.isClosed { return (nil as Slot?, true) }
            state.wishes += 1
            defer { state.isAttended = true }
            return (state.slots.popLast(), state.isAttended)
        }
        if !isAttended { background.add { await self.attend() } }
        return slot
    }

    /// Gives all of them up, and makes no more.
    func close() {
        state.withLock { $0.isClosed = true }
        giveUp()
    }

    private func giveUp() {
        // What they hold is closed without the lock.
        _ = state.withLock { state in
            (state.target, state.isWatched) = (0, false)
            defer { state.slots = [] }
            return state.slots
        }
    }

    // MARK: In the background

    private func attend() async {
        var seen: Int
        repeat {
            seen = await wishesOnceQuiet()
            if Task.isCancelled { return }
            await fill(after: seen)
        } while state.withLock { state in
            if state.wishes == seen { state.isAttended = false }
            return state.isAttended
        }
    }

    private func wishesOnceQuiet() async -> Int {
        while true {
            let before = state.withLock(\.wishes)
            try? await Task.sleep(for: Self.quiet)
            let after = state.withLock(\.wishes)
            if after == before || Task.isCancelled { return after }
        }
    }

    /// Makes slots until there are as many as should be, or somebody takes one.
    private func fill(after wishes: Int) async {
        let isFirst = state.withLock { state in
            state.target = min(max(state.target, wishes - state.met), Self.most)
            defer { state.isWatched = true }
            return !state.isWatched
        }
        if isFirst { background.add { await self.giveUpOnceUnused() } }
        // Where they cannot be made, containers make their own, and tell what is wrong.
        try? await BlockingCall.run { [self] in
            while state.withLock({ $0.wishes == wishes && $0.slots.count < $0.target && !$0.isClosed }) {
                add(try make())
            }
        }
        state.withLock { if $0.slots.count >= $0.target { $0.met = wishes } }
    }

    private func add(_ slot: Slot) {
        state.withLock { if !$0.isClosed { $0.slots.append(slot) } }
    }

    private func giveUpOnceUnused() async {
        var seen: Int
        repeat {
            seen = state.withLock(\.wishes)
            guard (try? await Task.sleep(for: Self.patience)) != nil else { return }
        } while state.withLock { $0.wishes != seen }
        giveUp()
    }
}
