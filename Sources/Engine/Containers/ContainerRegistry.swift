// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Synchronization

/// All containers of the engine, and the names that are taken.
final class ContainerRegistry: Sendable {
    private struct State {
        var units: [ObjectID: ContainerUnit] = [:]
        /// Also of containers that are being created.
        var names: [String: ObjectID] = [:]
    }

    private let state = Mutex(State())

    init() {}

    /// All containers, in no order.
    var all: [ContainerUnit] { state.withLock { Array($0.units.values) } }

    func unit(_ id: ObjectID) -> ContainerUnit? { state.withLock { $0.units[id] } }

    /// The container that a text stands for.
    func find(_ reference: String) throws(EngineError) -> ContainerUnit {
        let exact = state.withLock { state in
            ObjectID(reference).flatMap { state.units[$0] } ?? state.names[reference].flatMap { state.units[$0] }
        }
        if let exact { return exact }
        let (units, names) = state.withLock { state in
            (state.units, state.names.map { (id: $0.value, name: $0.key) })
        }
        guard let unit = units[try ObjectLookup.resolve(reference, among: names)] else {
            throw .noSuchContainer(reference)
        }
        return unit
    }

    /// Takes a name for a container that is to come.
    ///
    /// - Throws: `conflict` with the holder.
    func reserve(_ name: String, for id: ObjectID) throws(EngineError) {
        let holder = state.withLock { state in
            if let holder = state.names[name] { return holder as ObjectID? }
            state.names[name] = id
            return nil
        }
        if let holder { throw .nameInUse(name, by: holder.description) }
    }

    /// Gives a name back.
    func release(_ name: String, of id: ObjectID) {
        state.withLock { if $0.names[name] == id { $0.names[name] = nil } }
    }

    /// Adds a container whose name it has.
    func add(_ unit: ContainerUnit) {
        state.withLock { $0.units[unit.id] = unit }
    }

    /// Replaces the name of a container.
    ///
    /// - Throws: `conflict` with the holder of the new one.
    func rename(_ id: ObjectID, from old: String, to new: String) throws(EngineError) {
        let holder = state.withLock { state in
            if let holder = state.names[new] { return holder as ObjectID? }
            if state.names[old] == id { state.names[old] = nil }
            state.names[new] = id
            return nil
        }
        if let holder { throw .nameInUse(new, by: holder.description) }
    }

    /// Removes a container and its names.
    func remove(_ id: ObjectID) {
        state.withLock { state in
            state.units[id] = nil
            state.names = state.names.filter { $0.value != id }
        }
    }
}
