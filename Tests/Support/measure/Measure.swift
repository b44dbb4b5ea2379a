// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Runs one program and writes down how it ended, its peak memory and its time.
///
///     measure RESULT SECONDS BYTES FOLDER PROGRAM [ARGUMENT…]
///
/// A process of its own, because the kernel counts the memory of the process that starts a program as the program's
/// until it execs: measured from a test runner of 200 MB, everything would take 200 MB.
@main
enum Measure {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count > 5, let seconds = Int(arguments[2]), let bytes = UInt(arguments[3]) else {
            fail("usage: measure RESULT SECONDS BYTES FOLDER PROGRAM [ARGUMENT…]")
        }
        var limit = rlimit(rlim_cur: bytes, rlim_max: bytes)
        if bytes > 0, setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) != 0 { fail("setrlimit") }
        if chdir(arguments[4]) != 0 { fail("no folder \(arguments[4])") }

        // Blocked, so that sigtimedwait can wait for the end of the child or for the time limit, whichever comes first.
        var ended = sigset_t()
        sigemptyset(&ended)
        sigaddset(&ended, SIGCHLD)
        sigprocmask(SIG_BLOCK, &ended, nil)

        if getenv("MEASURE_WARM_UP") != nil {
            // What is timed is the program, and not how it finds the caches after this one has started.
            var status: Int32 = 0
            _ = waitpid(spawn(Array(arguments[5...])), &status, 0)
            var none = timespec()
            _ = sigtimedwait(&ended, nil, &none)
        }

        let start = now()
        let child = spawn(Array(arguments[5...]))
        var patience = timespec(tv_sec: seconds, tv_nsec: 0)
        var timedOut = false
        if sigtimedwait(&ended, nil, &patience) < 0 {
            timedOut = true
            kill(child, SIGKILL)
        }
        var status: Int32 = 0
        var usage = rusage()
        while wait4(child, &status, 0, &usage) < 0 {
            if errno != EINTR { fail("wait4") }
        }
        let nanoseconds = now() - start

        let end =
            if timedOut {
                "timeout \(seconds)"
            } else if status & 0x7f == 0 {
                "exit \(status >> 8 & 0xff)"
            } else {
                "signal \(status & 0x7f)"
            }
        write("\(end)\n\(usage.ru_maxrss * 1024)\n\(nanoseconds)\n", to: arguments[1])
    }

    private static func spawn(_ command: [String]) -> pid_t {
        var attributes = posix_spawnattr_t()
        var nothing = sigset_t()
        sigemptyset(&nothing)
        posix_spawnattr_init(&attributes)
        posix_spawnattr_setsigmask(&attributes, &nothing)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var vector: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        vector.append(nil)
        var child: pid_t = 0
        let failure = posix_spawnp(&child, command[0], nil, &attributes, vector, environ)
        if failure != 0 { fail("cannot run \(command[0]): \(String(cString: strerror(failure)))") }
        return child
    }

    private static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    private static func write(_ text: String, to path: String) {
        guard let file = fopen(path, "w") else { fail("cannot write \(path)") }
        fputs(text, file)
        fclose(file)
    }

    private static func fail(_ message: String) -> Never {
        let line = Array("measure: \(message)\n".utf8)
        _ = Glibc.write(STDERR_FILENO, line, line.count)
        exit(125)
    }
}
