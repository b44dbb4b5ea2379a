// SPDX-License-Identifier: Apache-2.0

import Glibc
import Terminal

extension AttachedUp {
    /// What becomes of the command, by all that happens.
    struct Decision {
        /// What is to be done now.
        enum Order {
            case none
            /// Watch files.
            case watch
            /// Do not watch them any more.
            case endWatch
            /// Stop the containers.
            case stop
            case kill
            /// Let everything be as it is, and end.
            case leave
        }

        let options: Options
        private var order = Order.none
        private(set) var code: Int32 = 0
        private(set) var signal: Int32?
        private(set) var failure: CommandFailure?
        private var isStopping = false
        private var stopsUnderWay = 0
        private(set) var isWatching = false
        /// Whether everything was brought up, and nothing ends yet.
        var isRunning: Bool { hasWorkEnded && !isStopping && !isLeaving && !haveLogsEnded }
        private var isLeaving = false
        /// What the user is told of it.
        private var notices: [String] = []
        private(set) var haveLogsEnded = false
        private var hasWorkEnded = false

        init(options: Options) {
            self.options = options
        }

        var isOver: Bool { haveLogsEnded && hasWorkEnded && stopsUnderWay == 0 && !isWatching }

        mutating func takeOrder() -> Order {
            defer { order = .none }
            return order
        }

        mutating func takeNotices() -> [String] {
            defer { notices = [] }
            return notices
        }

        private mutating func leave() { (isLeaving, order) = (true, .leave) }

        mutating func signalled(_ number: Int32) {
            if number == SIGHUP || number == SIGQUIT {
                (signal, code) = (number, 128 + number)
                return leave()
            }
            if isStopping, signal != nil {
                order = .kill
                stopsUnderWay += 1
                return
            }
            notices.append("\rGracefully Stopping... press Ctrl+C again to force")
            (signal, code) = (number, 130)
            stop()
        }

        mutating func wished(_ wish: UpMenu.Wish) {
            guard isRunning, order == .none else { return }
            switch wish {
            case .watch: (isWatching, order) = (true, isWatching ? .endWatch : .watch)
            case .detach: leave()
            }
        }

        private mutating func stop() {
            if isStopping { return }
            isStopping = true
            stopsUnderWay += 1
            order = .stop
        }

        mutating func take(_ message: Message) {
            switch message {
            case .exited(let service, let code): exited(service, Int32(truncatingIfNeeded: code))
            case .workEnded(let failure):
                hasWorkEnded = true
                if failure == nil, options.watches, !isStopping, signal == nil, order == .none {
                    (isWatching, order) = (true, .watch)
                }
                // One that was called off ends so.
                guard let failure, !isStopping, order != .leave, signal == nil else { return }
                self.failure = failure
                leave()
            case .logsEnded(let failure):
                haveLogsEnded = true
                if let failure, self.failure == nil { self.failure = failure }
            case .watchEnded(let failure):
                isWatching = false
                // The containers go on, and so does what shows their output.
                if let message = failure?.message { notices.append("error: \(message)") }
            case .stopEnded(let isDone):
                stopsUnderWay -= 1
                // The logs come to their end by themselves, unless something runs on.
                if !isDone, stopsUnderWay == 0, !haveLogsEnded { leave() }
            }
        }

        private mutating func exited(_ service: String, _ status: Int32) {
            guard !isStopping, options.abortsOnExit || options.abortsOnFailure && status != 0 else { return }
            notices.append("Aborting on container exit...")
            code = status
            stop()
        }
    }
}
