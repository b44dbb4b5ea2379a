// SPDX-License-Identifier: Apache-2.0

import Linux
import Synchronization

/// What those who follow the logs of a project and those who start its containers tell each other.
final class LogCompanion: Sendable {
    private struct State {
        var isBusy = true
        var isCalledOff = false
        var isStopping = false
    }

    /// Called with the service of a container that has ended, its status, and whether it is started again.
    typealias ExitHandler = @Sendable (_ service: String, _ code: Int, _ isRestarting: Bool) -> Void

    private let state = Mutex(State())
    private let onExit: ExitHandler
    /// Readable when there is something to be told to those who follow.
    let news: WakeUp

    /// - Parameter onExit: Hears of each container that ends.
    /// - Throws: The error of eventfd(2).
    init(onExit: @escaping ExitHandler) throws {
        self.onExit = onExit
        news = try WakeUp()
    }

    /// Whether containers are still being started, so that there may be more to follow.
    var isBusy: Bool { state.withLock(\.isBusy) }
    /// Whether nobody wants to see more.
    var isCalledOff: Bool { state.withLock(\.isCalledOff) }

    /// Whether the containers are being stopped, so that an end is one for good.
    var isStopping: Bool { state.withLock(\.isStopping) }

    /// Tells that the containers are stopped from now on.
    func stop() {
        state.withLock { $0.isStopping = true }
        news.signal()
    }

    /// Tells that no more containers are started.
    func becomeIdle() {
        state.withLock { $0.isBusy = false }
        news.signal()
    }

    /// Has the following end at once.
    func callOff() {
        state.withLock { $0.isCalledOff = true }
        news.signal()
    }

    /// Tells that a container has ended.
    func exited(service: String, _ code: Int, _ isRestarting: Bool) { onExit(service, code, isRestarting) }
}
