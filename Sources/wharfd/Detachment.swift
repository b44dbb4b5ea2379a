// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Starts the engine away from the terminal of whoever started it.
enum Detachment {
    /// Starts this program again and waits until it serves.
    ///
    /// It is a new process and not a fork, because this one has threads already or may get them at any time.
    ///
    /// - Parameter options: How.
    /// - Returns: The exit status of this process.
    /// - Throws: Why it cannot be started.
    static func startDetached(_ options: Options) throws -> Int32 {
        // Whoever waits for the line on its own descriptor gets it from the new process.
        let pipe = try options.readyDescriptor == nil ? Pipe() : nil
        guard let pipe else {
            if let number = options.readyDescriptor { try spawn(readyDescriptor: number) }
            return 0
        }
        let answer = try pipe.split { reader, writer in
            try spawn(readyDescriptor: writer.number)
            return try line(from: reader, closing: writer)
        }
        if answer == "ready" { return 0 }
        Main.report("error: \(answer.isEmpty ? "the engine ended before it served; see its log" : answer)\n", to: 2)
        return 1
    }

    private static func line(from reader: borrowing Descriptor, closing writer: consuming Descriptor) throws -> String {
        discard(writer)
        var bytes: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
        defer { buffer.deallocate() }
        while true {
            let count = try reader.read(into: buffer)
            if count == 0 || bytes.count > 1 << 16 { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
    }

    private static func discard(_ descriptor: consuming Descriptor) {}

    /// The command line of an engine like this one, which leaves the terminal.
    ///
    /// - Parameter program: Its first word.
    /// - Returns: The words.
    static func arguments(of program: String) -> [String] {
        // What comes first has no effect on what the user wrote: of several values the last one counts.
        var words = [program, "--detached"] + CommandLine.arguments.dropFirst().filter { $0 != "--detached" }
        words.removeAll { $0.hasPrefix("--ready-fd=") }
        while let place = words.firstIndex(of: "--ready-fd") {
            words.removeSubrange(place...min(place + 1, words.count - 1))
        }
        return words
    }

    private static func spawn(readyDescriptor: Int32) throws(SystemError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // The same number: then it is no longer close-on-exec (posix_spawn_file_actions_adddup2(3)).
        posix_spawn_file_actions_adddup2(&actions, readyDescriptor, readyDescriptor)
        var words = arguments(of: CommandLine.arguments[0])
        words.insert("--ready-fd=\(readyDescriptor)", at: 2)
        var vector: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        vector.append(nil)
        defer { for word in vector { free(word) } }
        var child: pid_t = 0
        let result = posix_spawn(&child, "/proc/self/exe", &actions, nil, vector, environ)
        if result != 0 { throw SystemError("posix_spawn", result, on: CommandLine.arguments[0]) }
    }

    /// Leaves the session and the folder of the starter; what is reported from now on goes to a file.
    ///
    /// - Parameter log: The file.
    /// - Throws: The error of the call that failed.
    static func leaveTerminal(log: String) throws(SystemError) {
        // The only error is that this process leads a session already (setsid(2)).
        setsid()
        if chdir("/") != 0 { throw SystemError("chdir", errno, on: "/") }
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW
        let file = try Descriptor.open(log, flags, mode: 0o600)
        let null = try Descriptor.open("/dev/null", O_RDONLY)
        for (source, target) in [
            (null.number, STDIN_FILENO), (file.number, STDOUT_FILENO), (file.number, STDERR_FILENO),
        ]
        where dup2(source, target) < 0 {
            throw SystemError("dup2", errno, on: log)
        }
    }
}
