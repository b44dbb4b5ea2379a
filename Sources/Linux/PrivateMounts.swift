// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Mounts that only those see who have a descriptor of them.
package enum PrivateMounts {
    private final class Job {
        let body: () throws(SystemError) -> Void
        var result: Result<Int32, SystemError> = .failure(SystemError("unshare", EINVAL))

        init(_ body: @escaping () throws(SystemError) -> Void) {
            self.body = body
        }

        func run() {
            do throws(SystemError) {
                try SystemError.check(clinux_unshare(Int32(CLONE_NEWNS)), "unshare")
                // Nothing of what follows reaches other namespaces.
                let root = try Descriptor.open("/", OpenFlags.pathOnly | O_DIRECTORY)
                try root.setMountAttributes(propagation: UInt64(CLinux.MS_PRIVATE), isRecursive: true)
                try body()
                result = .success(try Descriptor.open("/proc/thread-self/ns/mnt", O_RDONLY).release())
            } catch {
                result = .failure(error)
            }
        }
    }

    /// Runs a function on a thread of its own that is in a new mount namespace, a copy of the host's.
    ///
    /// - Parameter body: Attaches mounts.
    /// - Returns: The namespace: what was attached stays so until this descriptor is closed.
    /// - Throws: What `body` threw, or the error of unshare(2), mount_setattr(2) or pthread_create(3).
    package static func make(_ body: () throws(SystemError) -> Void) throws(SystemError) -> Descriptor {
        var failure: Int32 = 0
        var result: Result<Int32, SystemError> = .failure(SystemError("pthread_create", EAGAIN))
        // The thread has ended before this function returns.
        withoutActuallyEscaping(body) { body in
            let job = Job(body)
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
                result = withExtendedLifetime(job) { job.result }
            }
        }
        if failure != 0 { throw SystemError("pthread_create", failure) }
        return Descriptor(owning: try result.get())
    }
}
