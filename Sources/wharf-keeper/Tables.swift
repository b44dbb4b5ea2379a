// SPDX-License-Identifier: Apache-2.0

import CKeeper
import CLinux
import CSandbox

/// The processes that this keeper started or adopted, from their start until the engine has forgotten them.
struct ProcessTable {
    static let capacity = 8192

    struct Entry {
        var key = Key()
        var pid: Int32 = 0
        var pidfd: Int32 = -1
        var state: UInt32 = 0
        var status: Int32 = 0
        var ended: UInt64 = 0
        /// When it last changed, counted over all processes: whoever lists them knows by it what they have not been told.
        var change: UInt64 = 0
    }

    private let entries = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
    /// Entries at and above it were never used; their memory is not even resident.
    private var top = 0
    /// The number of the last change.
    private(set) var changes: UInt64 = 0

    subscript(index: Int) -> Entry {
        get { entries[index] }
        nonmutating set { entries[index] = newValue }
    }

    /// Where entries may be.
    var indices: Range<Int> { 0..<top }

    func isUsed(_ index: Int) -> Bool {
        index < top && entries[index].pidfd >= 0
    }

    var isEmpty: Bool {
        for index in indices where isUsed(index) { return false }
        return true
    }

    func index(of key: Key) -> Int? {
        for index in indices where isUsed(index) && entries[index].key == key { return index }
        return nil
    }

    func index(ofPID pid: Int32) -> Int? {
        for index in indices where isUsed(index) && entries[index].pid == pid && entries[index].state == 0 {
            return index
        }
        return nil
    }

    /// Notes that there is something new to tell of a process.
    mutating func noteChange(_ index: Int) {
        changes += 1
        entries[index].change = changes
    }

    /// The process whose change is the next after a number.
    func index(changedAfter number: UInt64) -> Int? {
        var found: Int?
        for index in indices where isUsed(index) && entries[index].change > number {
            if let other = found, entries[other].change < entries[index].change { continue }
            found = index
        }
        return found
    }

    /// Adds a process; nil where the table is full.
    mutating func add(_ entry: Entry) -> Int? {
        var free = top
        for index in indices where !isUsed(index) {
            free = index
            break
        }
        guard free < Self.capacity else { return nil }
        if free == top { top += 1 }
        entries.advanced(by: free).initialize(to: entry)
        noteChange(free)
        return free
    }

    mutating func remove(_ index: Int) {
        ckeeper_close(entries[index].pidfd)
        entries[index].pidfd = -1
    }
}

/// Descriptors that are kept open for a process.
struct HeldTable {
    static let capacity = 65_536

    struct Entry {
        var process: Int32 = -1
        var tag: UInt32 = 0
        var descriptor: Int32 = -1
    }

    private let entries = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
    private var top = 0

    /// Keeps a descriptor in place of one with the same tag; false where the table is full.
    mutating func hold(_ descriptor: Int32, process: Int, tag: UInt32) -> Bool {
        var free = top
        for index in 0..<top {
            if entries[index].process == Int32(process), entries[index].tag == tag {
                ckeeper_close(entries[index].descriptor)
                entries[index].descriptor = descriptor
                return true
            }
            if entries[index].process < 0, free == top { free = index }
        }
        guard free < Self.capacity else { return false }
        if free == top { top += 1 }
        let entry = Entry(process: Int32(process), tag: tag, descriptor: descriptor)
        entries.advanced(by: free).initialize(to: entry)
        return true
    }

    /// Where the next descriptor of a process is, from a place on; nil where there are no more.
    func next(of process: Int, from place: Int) -> Int? {
        var place = place
        while place < top {
            if entries[place].process == Int32(process) { return place }
            place += 1
        }
        return nil
    }

    subscript(index: Int) -> Entry { entries[index] }

    /// Closes what is held under a tag, where there is something.
    mutating func release(_ process: Int, tag: UInt32) {
        for index in 0..<top where entries[index].process == Int32(process) && entries[index].tag == tag {
            ckeeper_close(entries[index].descriptor)
            entries[index].process = -1
        }
    }

    /// Closes what nobody needs of a process that has ended.
    mutating func releaseSockets(_ process: Int) {
        for index in 0..<top where entries[index].process == Int32(process) {
            guard entries[index].tag >= KEEPER_SOCKETS, entries[index].tag < KEEPER_SOURCE else { continue }
            ckeeper_close(entries[index].descriptor)
            entries[index].process = -1
        }
    }

    /// Closes everything that is held for a process.
    mutating func release(_ process: Int) {
        for index in 0..<top where entries[index].process == Int32(process) {
            ckeeper_close(entries[index].descriptor)
            entries[index].process = -1
        }
    }
}

/// The connections that are open, each with the request that it carries.
struct ConnectionTable {
    static let capacity = 256

    struct Entry {
        var socket: Int32 = -1
        /// How many descriptors have come for a launch.
        var received = 0
        /// The report socket of a launch, and the process that it is of.
        var report: Int32 = -1
        var process = -1
        var awaitsSibling = false
        /// Whether the failure of the launch is kept though it was told.
        var keepsFailure = false
        /// Whether it wants to hear of all processes, and after that of each that ends.
        var isListing = false
        var isWatching = false
        /// The last change when it asked, and the last one that it was told of.
        var asked: UInt64 = 0
        var told: UInt64 = 0
        /// The process that it wants the descriptors of, and where it is among them: those that are held, then those of pumps.
        var fetched: Key?
        var place = 0
        /// Whether it has to read before it can be told more.
        var isBehind = false
    }

    private let entries = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
    private let descriptors = UnsafeMutablePointer<Int32>.allocate(capacity: capacity * launchCapacity)
    private var top = 0

    /// The plan and everything that its slots can hold.
    static let launchCapacity = Int(CSANDBOX_SLOTS) + 1

    subscript(index: Int) -> Entry {
        get { entries[index] }
        nonmutating set { entries[index] = newValue }
    }

    func isUsed(_ index: Int) -> Bool { index < top && (entries[index].socket >= 0 || entries[index].report >= 0) }

    func isWatching(_ index: Int) -> Bool { isUsed(index) && entries[index].isWatching }

    /// Where entries may be.
    var indices: Range<Int> { 0..<top }

    /// Whether a connection carries the launch of a process that has not run its program yet.
    func isLaunching(_ index: Int, _ process: Int) -> Bool {
        isUsed(index) && entries[index].report >= 0 && entries[index].process == process
    }

    /// Whether a launch is under way whose process is not known yet.
    var awaitSibling: Bool {
        for index in 0..<top where isUsed(index) && entries[index].awaitsSibling { return true }
        return false
    }

    /// The descriptors that have come over a connection.
    func descriptors(of index: Int) -> UnsafeMutablePointer<Int32> {
        descriptors.advanced(by: index * Self.launchCapacity)
    }

    mutating func open(_ socket: Int32) -> Int? {
        var free = top
        for index in 0..<top where !isUsed(index) {
            free = index
            break
        }
        guard free < Self.capacity else { return nil }
        if free == top { top += 1 }
        entries.advanced(by: free).initialize(to: Entry(socket: socket))
        return free
    }

    /// Closes what has come for a launch.
    func closeReceived(_ index: Int) {
        let received = descriptors(of: index)
        for position in 0..<entries[index].received { ckeeper_close(received[position]) }
        entries[index].received = 0
    }

    /// Closes the connection; a report that is still to come is kept.
    func close(_ index: Int) {
        closeReceived(index)
        ckeeper_close(entries[index].socket)
        entries[index].socket = -1
        entries[index].isListing = false
        entries[index].isWatching = false
    }
}
