// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Tells what happens in folders (inotify(7)).
struct Inotify: ~Copyable {
    /// Something that has happened.
    struct Event {
        /// The folder; -1 where it is about none.
        var watch: Int32
        var mask: UInt32
        /// The entry; nil where it is about the folder itself.
        var name: FilePath?

        /// Whether events were lost.
        var isOverflow: Bool { mask & UInt32(IN_Q_OVERFLOW) != 0 }
        /// Whether there are no more of this folder.
        var isEnd: Bool { mask & UInt32(IN_IGNORED) != 0 }
        /// Whether somebody has written to the entry, whatever its times say.
        var isWrite: Bool { mask & UInt32(IN_MODIFY) != 0 }
    }

    private static let kinds = UInt32(
        IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF
            | IN_ONLYDIR | IN_EXCL_UNLINK
    )

    private let descriptor: Descriptor

    /// - Throws: ``WatchError`` with what to do where there are too many.
    init() throws(WatchError) {
        let number = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        if number < 0 { throw WatchError(starting: SystemError("inotify_init1", errno)) }
        descriptor = Descriptor(owning: number)
    }

    /// For poll(2).
    var number: Int32 { descriptor.number }

    /// Watches a folder.
    ///
    /// - Parameter folder: The folder, which may be open for its place only.
    /// - Returns: Its number, the same for the same folder.
    /// - Throws: The error of inotify_add_watch(2).
    func add(_ folder: borrowing Descriptor) throws(SystemError) -> Int32 {
        let watch = inotify_add_watch(number, "/proc/self/fd/\(folder.number)", Self.kinds)
        if watch < 0 { throw SystemError("inotify_add_watch", errno) }
        return watch
    }

    /// Watches a folder no more.
    func remove(_ watch: Int32) {
        // It may be gone already, and its number with it.
        inotify_rm_watch(number, watch)
    }

    /// Takes all that has happened so far.
    ///
    /// - Parameter body: Gets each event.
    /// - Throws: The error of read(2).
    func read(_ body: (Event) -> Void) throws(SystemError) {
        let size = 1 << 16
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: size,
            alignment: MemoryLayout<inotify_event>.alignment
        )
        defer { buffer.deallocate() }
        while true {
            let length = Glibc.read(number, buffer.baseAddress, size)
            if length < 0 {
                let failure = errno
                if failure == EAGAIN { return }
                if failure == EINTR { continue }
                throw SystemError("read", failure, on: "inotify")
            }
            if length == 0 { return }
            Self.deliver(UnsafeRawBufferPointer(rebasing: buffer[..<length]), body)
        }
    }

    private static func deliver(_ events: UnsafeRawBufferPointer, _ body: (Event) -> Void) {
        let head = MemoryLayout<inotify_event>.size
        var offset = 0
        while offset + head <= events.count {
            let event = events.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
            let end = min(offset + head + Int(event.len), events.count)
            let name = events[(offset + head)..<end].prefix { $0 != 0 }
            body(Event(watch: event.wd, mask: event.mask, name: name.isEmpty ? nil : FilePath(name)))
            offset = end
        }
    }
}
