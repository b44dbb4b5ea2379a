// SPDX-License-Identifier: Apache-2.0

import CKeeper
import CLinux

/// The streams that are moved into logs.
struct PumpTable {
    static let capacity = 16_384

    struct Entry {
        var process: Int32 = -1
        var pump = ckeeper_pump()
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

    /// Moves what there is, as `ckeeper_move` does.
    ///
    /// - Returns: The number of bytes, 0 at the end, or `-EAGAIN`.
    func move(_ index: Int) -> Int64 {
        ckeeper_move(&entries[index].pump)
    }

    func close(_ index: Int) {
        ckeeper_close_pump(&entries[index].pump)
        entries[index].process = -1
    }
}

extension Keeper {
    /// Starts to move a stream into a log.
    mutating func pump(_ index: Int, _ key: Key, _ request: keeper_request) -> Int32 {
        guard let process = processes.index(of: key) else { return ESRCH }
        guard connections[index].received == 2 || connections[index].received == 3 else { return EINVAL }
        let descriptors = connections.descriptors(of: index)
        var entry = PumpTable.Entry(process: Int32(process))
        entry.pump.source = descriptors[0]
        entry.pump.directory = descriptors[1]
        if connections[index].received == 3 { entry.pump.relay = descriptors[2] }
        entry.pump.stream = request.tag
        entry.pump.limit = request.limit
        entry.pump.count = request.count
        let error = ckeeper_open_pump(&entry.pump, request.segment)
        if error < 0 { return -error }
        // From here on the descriptors are the pump's.
        connections[index].received = 0
        guard let pump = pumps.add(entry) else {
            ckeeper_close_pump(&entry.pump)
            return ENOSPC
        }
        let watched = clinux_epoll_add(epoll, entry.pump.source, Event.readable, Source.pump.token(pump))
        if watched < 0 {
            pumps.close(pump)
            return -watched
        }
        return 0
    }

    /// Moves what has come; ends with the stream.
    mutating func move(_ index: Int) {
        guard pumps.isUsed(index) else { return }
        if pumps.move(index) == 0 { closePump(index) }
    }

    private mutating func closePump(_ index: Int) {
        // The engine holds the same open file: closing our descriptor would not end its events.
        clinux_epoll_remove(epoll, pumps[index].pump.source)
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
