// SPDX-License-Identifier: Apache-2.0

import Arguments
import CMalloc
import EngineAPI
import Glibc
import Linux

/// The engine as a program.
@main
enum Main {
    static func main() async {
        // Each call that waits has a thread, and by default many of them get a heap of their own, of which each keeps what
        // it once had. They hardly ever allocate at the same time.
        _ = mallopt(M_ARENA_MAX, 1)
        let options = Options()
        do {
            switch try CommandLineParser(options.command).parse(Array(CommandLine.arguments.dropFirst())) {
            case .show(let text):
                report(text, to: STDOUT_FILENO)
                return
            case .run: break
            }
        } catch {
            report("error: \(error.text)\n", to: STDERR_FILENO)
            exit(64)
        }
        exit(await run(options))
    }

    private static func run(_ options: Options) async -> Int32 {
        let readiness = Readiness(options.readyDescriptor)
        do {
            let handedOver = try HandedOverSocket.take()
            if !options.staysInForeground, handedOver == nil, !options.isDetached {
                return try Detachment.startDetached(options)
            }
            OpenFiles.raiseLimit()
            let location = options.location
            try EngineFolders.prepare(location)
            if options.isDetached { try Detachment.leaveTerminal(log: location.log) }
            let process = EngineProcess(location, options, readiness)
            try await process.run(on: handedOver)
            return 0
        } catch {
            let message = "cannot start the engine: \(error)"
            report("error: \(message)\n", to: STDERR_FILENO)
            readiness.tell("\(message)")
            return 1
        }
    }

    /// Writes a text; nobody is left to tell where that fails.
    static func report(_ text: String, to number: Int32) {
        let bytes = Array(text.utf8)
        _ = write(number, bytes, bytes.count)
    }
}

/// The end of a start that failed, in words.
struct StartFailure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}
