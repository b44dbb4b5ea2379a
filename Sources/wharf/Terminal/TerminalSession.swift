// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import Terminal

/// The streams of a program in a container, joined to those of this command.
final class TerminalSession {
    /// Why the streams ended.
    enum End {
        case ended
        /// The keys that detach were pressed before.
        case detached
    }

    /// Passes a signal on; nil leaves signals to do what they do to any command.
    var forward: ((String) -> Void)?
    /// Tells the program's terminal its size.
    var resize: ((TerminalSize) -> Void)?

    private let hasTerminal: Bool
    private var takesInput: Bool
    private var keys: DetachKeys
    private var terminal: RawTerminal?
    private var watch: SignalWatch?
    private var termination = 0

    private var output = OutputQueue(STDOUT_FILENO)
    private var errors = OutputQueue(STDERR_FILENO)
    private var decoder = StreamFrameDecoder()
    /// Input that the socket has no room for yet.
    private var pending: [UInt8] = []
    private var inputHasEnded = false
    private var isFinished = false
    private var isAtEnd = false
    private var isLost = false

    private static let pieceSize = 1 << 16
    /// `SIGHUP`, `SIGINT`, `SIGQUIT` and `SIGTERM` end a command that does nothing about them.
    private static let ending = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]
    /// What is passed on besides: all that people send on purpose, the real-time signals among them (signal(7)).
    private static let passed = ending + [SIGUSR1, SIGUSR2, SIGALRM, SIGIO, SIGPWR] + Array(34...64)

    init(hasTerminal: Bool, takesInput: Bool, keys: DetachKeys) {
        self.hasTerminal = hasTerminal
        self.takesInput = takesInput
        self.keys = keys
    }

    // MARK: Signals and the terminal

    /// Takes over the terminal and the signals.
    func begin() throws {
        SignalWatch.block(SIGPIPE, true)
        let isRaw = hasTerminal && takesInput && StandardInput.isTerminal
        var signals = hasTerminal ? [SIGWINCH] : []
        if isRaw {
            signals += Self.ending + [SIGTSTP, SIGCONT]
        } else if forward != nil {
            signals += Self.passed
        }
        if !signals.isEmpty { watch = try SignalWatch(signals) }
        if isRaw { terminal = try RawTerminal() }
    }

    /// Gives them back.
    func end() {
        terminal?.restore()
        terminal = nil
        watch = nil
    }

    private func handleSignals() throws {
        while let signal = try watch?.next() {
            switch signal {
            case SIGWINCH: tellSize()
            case SIGTSTP:
                terminal?.restore()
                kill(getpid(), SIGSTOP)
            case SIGCONT:
                try terminal?.enter()
                tellSize()
            default:
                guard terminal == nil, let forward else { die(of: signal) }
                try countTermination(signal)
                forward("\(signal)")
            }
        }
    }

    private func tellSize() {
        if hasTerminal, let size = TerminalSize.current { resize?(size) }
    }

    /// The first process of a container ignores what it has no handler for: somebody who insists gets away.
    private func countTermination(_ signal: Int32) throws {
        guard signal == SIGINT || signal == SIGTERM else { return }
        termination += 1
        if termination < 3 { return }
        end()
        throw CommandFailure(
            message: "left after three signals; the container did not end and runs on: use `wharf container kill`",
            code: 128 + signal
        )
    }

    /// Ends as a command that does nothing about the signal, with the terminal as it was.
    private func die(of signal: Int32) -> Never {
        end()
        SignalWatch.block(signal, false)
        kill(getpid(), signal)
        exit(128 + signal)
    }

    // MARK: Copying

    /// Copies until the engine closes the stream and all output is written.
    func copy(_ stream: consuming HijackedStream) throws -> End {
        tellSize()
        try receive(stream.early[...])
        while !isAtEnd || output.count > 0 || errors.count > 0 {
            var waits = [
                socketInterest(stream.socket.number),
                pollfd(fd: wantsInput ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
                output.interest,
                errors.interest,
                pollfd(fd: watch?.number ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&waits, nfds_t(waits.count), -1) < 0 {
                if errno == EINTR { continue }
                throw SystemError("poll", errno)
            }
            if waits[4].revents != 0 { try handleSignals() }
            if waits[2].revents != 0 { try check(output.write(), "standard output") }
            if waits[3].revents != 0 { try check(errors.write(), "standard error") }
            if waits[1].revents != 0 { readInput() }
            if waits[0].revents & Int16(POLLOUT) != 0 { sendInput(stream.socket) }
            if waits[0].revents & ~Int16(POLLOUT) != 0 { try receive(from: stream.socket) }
            finishInput(stream.socket)
        }
        tellLoss()
        return keys.isComplete ? .detached : .ended
    }

    private var wantsInput: Bool { takesInput && !inputHasEnded && !isAtEnd && pending.count < Self.pieceSize }

    private func socketInterest(_ socket: Int32) -> pollfd {
        let reads = !isAtEnd && output.count < OutputQueue.limit && errors.count < OutputQueue.limit
        let writes = !isAtEnd && !pending.isEmpty
        let events = (reads ? POLLIN : 0) | (writes ? POLLOUT : 0)
        // A descriptor of which nothing is wanted would still report its end, again and again.
        return pollfd(fd: events == 0 ? -1 : socket, events: Int16(events), revents: 0)
    }

    private func readInput() {
        var piece = [UInt8](repeating: 0, count: Self.pieceSize)
        let count = read(STDIN_FILENO, &piece, piece.count)
        let failure = errno
        if count > 0 {
            if hasTerminal { keys.feed(piece[..<count]) }
            pending += piece[..<count]
        } else if count == 0 || failure != EINTR && failure != EAGAIN {
            // A terminal has no end but that it is gone.
            if terminal != nil { die(of: SIGHUP) }
            inputHasEnded = true
        }
    }

    private func sendInput(_ socket: borrowing Descriptor) {
        do throws(SystemError) {
            if let sent = try socket.send(pending[...], waits: false) { pending.removeSubrange(..<sent) }
        } catch {
            // The program does not read any more; what it writes may still come.
            pending = []
            takesInput = false
        }
    }

    private func finishInput(_ socket: borrowing Descriptor) {
        guard inputHasEnded, pending.isEmpty, !isFinished, takesInput else { return }
        isFinished = true
        // The end of the connection follows in any case.
        try? socket.finishSending()
    }

    private func receive(from socket: borrowing Descriptor) throws {
        var piece: [UInt8] = []
        do throws(SystemError) {
            switch try socket.receive(appendingTo: &piece, atMost: Self.pieceSize, waits: false) {
            case nil: return
            case 0: isAtEnd = true
            default: break
            }
        } catch {
            (isAtEnd, isLost) = (true, true)
        }
        try receive(piece[...])
    }

    private func receive(_ bytes: ArraySlice<UInt8>) throws {
        if bytes.isEmpty { return }
        if hasTerminal { return output.append(bytes) }
        do {
            try decoder.feed(bytes) { stream, content in
                if stream == .errors { errors.append(content) } else { output.append(content) }
            }
        } catch {
            throw CommandFailure(message: "the engine's stream cannot be read: \(error)", status: .engine)
        }
    }

    private func tellLoss() {
        if !hasTerminal, (try? decoder.finish()) == nil { isLost = true }
        guard isLost else { return }
        terminal?.restore()
        OutputStream.error.write(
            "warning: the connection to the engine was lost; `wharf container logs` has all of the output\n"
        )
    }

    /// Ends quietly where nobody reads any more.
    private func check(_ failure: Int32, _ name: String) throws {
        switch failure {
        case 0: return
        case EPIPE: die(of: SIGPIPE)
        case EIO where hasTerminal: die(of: SIGHUP)
        default:
            throw CommandFailure(message: "cannot write to \(name): \(SystemError.text(of: failure))", status: .engine)
        }
    }
}
