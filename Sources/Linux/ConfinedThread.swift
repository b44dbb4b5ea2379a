// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A thread that can do nothing to files outside of given directories, whatever its code tries, and has few privileges.
///
/// What is open already stays usable. Where the kernel has no Landlock, or one before Linux 5.19, the thread is not
/// confined: it is a second line of defence.
package enum ConfinedThread {
    private final class Job {
        let writable: [Int32]
        let readable: [Int32]
        let capabilities: CapabilitySet
        let body: () -> Void
        var result: Int32 = 0

        init(writable: [Int32], readable: [Int32], capabilities: CapabilitySet, body: @escaping () -> Void) {
            self.writable = writable
            self.readable = readable
            self.capabilities = capabilities
            self.body = body
        }

        func run() {
            result = clinux_confine(writable, writable.count, readable, readable.count)
            if result == -EOPNOTSUPP { result = 0 }
            if result == 0 { result = dropCapabilities() }
            if result == 0 { body() }
        }

        private func dropCapabilities() -> Int32 {
            var (effective, permitted, inheritable) = (UInt64(0), UInt64(0), UInt64(0))
            let answer = clinux_capget(&effective, &permitted, &inheritable)
            if answer < 0 { return answer }
            let kept = Int64(bitPattern: permitted & capabilities.rawValue)
            return clinux_capset(Int64(bitPattern: effective) & kept, kept, 0)
        }
    }

    /// Runs a function on such a thread and waits for its end.
    ///
    /// - Parameters:
    ///   - writable: The numbers of open directories in which everything may be done, except to run programs.
    ///   - readable: Those in which files may be read.
    ///   - capabilities: What the thread keeps of its privileges, for good.
    ///   - body: The function.
    /// - Throws: The error of landlock_restrict_self(2), capset(2) and their like or of pthread_create(3); `body` is not run then.
    package static func run(
        writable: [Int32],
        readable: [Int32],
        keeping capabilities: CapabilitySet,
        _ body: () -> Void
    ) throws(SystemError) {
        var failure: Int32 = 0
        // The thread has ended before this function returns.
        withoutActuallyEscaping(body) { body in
            let job = Job(writable: writable, readable: readable, capabilities: capabilities, body: body)
            var thread = pthread_t()
            failure = pthread_create(
                &thread,
                nil,
                { context in
                    guard let context else { return nil }
                    Unmanaged<Job>.fromOpaque(context).takeUnretainedValue().run()
                    return nil
                },
                Unmanaged.passUnretained(job).toOpaque()
            )
            if failure == 0 {
                pthread_join(thread, nil)
                failure = withExtendedLifetime(job) { -job.result }
            }
        }
        if failure != 0 { throw SystemError("landlock_restrict_self", failure) }
    }
}
