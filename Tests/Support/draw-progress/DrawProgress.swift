// SPDX-License-Identifier: Apache-2.0

import Glibc
import Terminal

/// Shows progress as it is told to on standard input, for tests of what a terminal makes of it.
///
///     draw-progress [MODE [own-interrupts]]
///
/// A line of input is one event, `STATE KIND NAME STATUS [DETAIL…]`, or `print TEXT`, `log TEXT`, `title TEXT`,
/// `suspend`, `resume`, `signal NUMBER`, `die`, `exit`; its end finishes the progress.
@main
enum DrawProgress {
    static func main() {
        let arguments = CommandLine.arguments
        let mode: ProgressMode
        do throws(ProgressMode.Refusal) {
            mode = try .choose(arguments.dropFirst().first ?? "auto", isTerminal: OutputStream.error.isTerminal)
        } catch {
            OutputStream.error.write("\(error)\n")
            exit(1)
        }
        if arguments.contains("own-interrupts") { signal(SIGINT) { _ in _ = write(STDERR_FILENO, "<own>", 5) } }
        let progress = Progress(mode, title: "Running", style: OutputStream.error.style(.automatic))
        while let line = readLine() { follow(line, progress) }
        progress.finish()
    }

    private static func follow(_ line: String, _ progress: Progress) {
        let words = line.split(separator: " ", maxSplits: 4).map(String.init)
        let text = line.drop { $0 != " " }.dropFirst()
        switch words.first ?? "" {
        case "print": progress.tell(String(text))
        case "log": progress.print(Array((text + "\n").utf8), on: .standard)
        case "title": progress.setTitle(String(text))
        case "suspend": progress.suspend()
        case "resume": progress.resume()
        case "signal": kill(getpid(), Int32(text) ?? SIGKILL)
        case "die": fatalError("as told")
        case "exit": exit(3)
        default:
            guard words.count >= 4, let state = states[words[0]] else {
                OutputStream.error.write("draw-progress does not know \(line)\n")
                exit(2)
            }
            let detail = words.count > 4 ? words[4] : nil
            progress.update(ProgressEvent(.init(words[1]), words[2], words[3], state, detail: detail))
        }
    }

    private static let states: [String: ProgressEvent.State] = [
        "working": .working, "done": .done, "warning": .warning, "failed": .failed,
    ]
}
