// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Linux
import Synchronization

/// What those who follow the logs of a project and those who start its containers tell each other.
final class LogCompanion: Sendable {
    private struct State {
        var isBusy = true
        var isCalledOff = false
        var isStopping = false
        var restarts: [Restart] = []
        /// Whether it is to be seen what runs.
        var wantsLook = false
    }

    /// A restart that somebody asked for, whose exits are none.
    private struct Restart {
        var services: Set<String>
        var begin: Timestamp
        /// Nil while it is under way.
        var end: Timestamp?
    }

    /// How many restarts are remembered: an exit may be heard of after its restart.
    private static let remembered = 16

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
    var isBusy: Bool { state.withLock { $0.isBusy || $0.restarts.contains { $0.end == nil } } }
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
        state.withLock { ($0.isBusy, $0.wantsLook) = (false, true) }
        news.signal()
    }

    /// Tells that containers of services are going to be restarted.
    func beginRestart(of services: Set<String>) {
        state.withLock { state in
            state.restarts = state.restarts.suffix(Self.remembered - 1)
            state.restarts.append(Restart(services: services, begin: .now))
        }
    }

    /// Tells that a restart of services has ended, whatever has become of it.
    func endRestart(of services: Set<String>) {
        state.withLock { state in
            guard let place = state.restarts.lastIndex(where: { $0.services == services && $0.end == nil }) else {
                return
            }
            state.restarts[place].end = .now
            state.wantsLook = true
        }
        news.signal()
    }

    /// Whether an exit is part of a restart that somebody asked for.
    ///
    /// - Parameters:
    ///   - service: The service of the container.
    ///   - time: When it ended.
    /// - Returns: Whether it is.
    func isRestart(of service: String, at time: Timestamp) -> Bool {
        state.withLock { state in
            state.restarts.contains { restart in
                restart.services.contains(service) && restart.begin <= time && restart.end.map { time <= $0 } ?? true
            }
        }
    }

    /// Whether it is to be seen what runs: what was started or restarted may be ahead of the events that tell of it.
    var wantsLook: Bool { state.withLock(\.wantsLook) }

    /// The same, and then no more.
    func takeLook() -> Bool {
        state.withLock { state in
            defer { state.wantsLook = false }
            return state.wantsLook
        }
    }

    /// Has the following end at once.
    func callOff() {
        state.withLock { $0.isCalledOff = true }
        news.signal()
    }

    /// Tells that a container has ended.
    func exited(service: String, _ code: Int, _ isRestarting: Bool) { onExit(service, code, isRestarting) }
}
