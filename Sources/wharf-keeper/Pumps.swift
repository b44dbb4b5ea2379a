// SPDX-License-Identifier: Apache-2.0

import CKeeper
import CLinux

/// The streams that are moved into logs.
struct PumpTable {
    static let capacity = 16_384

    struct Entry {
        var process: Int32 = -1
        var source: Int32 = -1
        var directory: Int32 = -1
        var stream: UInt32 = 0
        /// The size in bytes at which a segment is full, and how many segments are kept.
        var limit: UInt64 = 0
        var count: UInt32 = 0
        var segment = ckeeper_segment()
    }

    private let entries = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
    private(set) var top = 0

    subscript(index: Int) -> Entry {
        get { entries[index] }
        nonmutating set { entries[index] = newValue }
    }

    func isUsed(_ index: Int) -> Bool { index < top && entries[index].process >= 0 }

    mutating func add(_ entry: Entry) -> Int? {
        var free = top
        for index in 0..<top where !isUsed(index) {
            free = index
            break
        }
        guard free < Self.capacity else { return nil }
        if free == top { top += 1 }
        entries.advanced(by: free).initialize(to: entry)
        return free
    }

    /// Moves what there is, 1 MiB at most, and goes on to the next segment where one is full.
    ///
    /// - Returns: The number of bytes, 0 at the end, or `-EAGAIN`.
    func move(_ index: Int) -> Int64 {
        let moved = ckeeper_pump(entries[index].source, &entries[index].segment, 1 << 20)
        if moved > 0, entries[index].segment.size >= entries[index].limit { rotate(index) }
        return moved
    }

    private func rotate(_ index: Int) {
        let entry = entries[index]
        let number = entry.segment.number &+ 1
        var next = ckeeper_segment()
        // Where there can be no next one, this one goes on growing: too large is better than lost.
        guard ckeeper_open_segment(entry.directory, entry.stream, number, &next) == 0 else { return }
        ckeeper_close_segment(&entries[index].segment)
        entries[index].segment = next
        if number >= entry.count { ckeeper_remove_segment(entry.directory, entry.stream, number - entry.count) }
    }

    func close(_ index: Int) {
        ckeeper_close(entries[index].source)
        ckeeper_close(entries[index].directory)
        ckeeper_close_segment(&entries[index].segment)
        entries[index].process = -1
    }
}

extension Keeper {
    /// Starts to move a stream into a log.
    mutating func pump(_ index: Int, _ key: Key, _ request: keeper_request) -> Int32 {
        guard let process = processes.index(of: key) else { return ESRCH }
        guard connections[index].received == 2, request.limit > 0, request.count > 0 else { return EINVAL }
        let descriptors = connections.descriptors(of: index)
        var entry = PumpTable.Entry(process: Int32(process), source: descriptors[0], directory: descriptors[1])
        entry.stream = request.tag
        entry.limit = request.limit
        entry.count = request.count
        let error = ckeeper_open_segment(entry.directory, entry.stream, request.segment, &entry.segment)
        if error < 0 { return -error }
        guard let pump = pumps.add(entry) else {
            ckeeper_close_segment(&entry.segment)
            return ENOSPC
        }
        connections[index].received = 0
        clinux_epoll_add(epoll, entry.source, Event.readable, Source.pump.token(pump))
        return 0
    }

    /// Moves what has come; ends with the stream.
    mutating func move(_ index: Int) {
        guard pumps.isUsed(index) else { return }
        if pumps.move(index) == 0 { closePump(index) }
    }

    private mutating func closePump(_ index: Int) {
        // The engine holds the same open file: closing our descriptor would not end its events.
        clinux_epoll_remove(epoll, pumps[index].source)
        pumps.close(index)
    }

    /// Moves everything that a process has written by now.
    mutating func drainPumps(of process: Int) {
        for index in 0..<pumps.top where pumps.isUsed(index) && pumps[index].process == Int32(process) {
            var moved: Int64 = 1
            while moved > 0 { moved = pumps.move(index) }
            if moved == 0 { closePump(index) }
        }
    }

    /// Ends the streams of a process, with what others may still write to them.
    mutating func closePumps(of process: Int) {
        for index in 0..<pumps.top where pumps.isUsed(index) && pumps[index].process == Int32(process) {
            closePump(index)
        }
    }
}
