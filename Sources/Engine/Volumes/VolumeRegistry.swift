// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Synchronization

/// All volumes of the engine, and which containers need them, whether they run or not.
final class VolumeRegistry: Sendable {
    private struct State {
        var units: [String: VolumeUnit] = [:]
        /// Also of volumes that are still to be made.
        var uses: [String: Set<ObjectID>] = [:]
    }

    private let state = Mutex(State())

    init() {}

    /// All volumes by their names.
    var all: [VolumeUnit] { state.withLock { $0.units.values.sorted { $0.name < $1.name } } }

    /// The volume with a name.
    func find(_ name: String) throws(EngineError) -> VolumeUnit {
        guard let unit = state.withLock({ $0.units[name] }) else { throw .noSuchVolume(name) }
        return unit
    }

    /// The volume with a name, or the one that is to be it.
    func obtain(_ name: String, otherwise make: () -> VolumeUnit) -> VolumeUnit {
        state.withLock { state in
            if let unit = state.units[name] { return unit }
            let unit = make()
            state.units[name] = unit
            return unit
        }
    }

    /// Takes a volume out that is gone, or never came to be.
    func remove(_ unit: VolumeUnit) {
        state.withLock { if $0.units[unit.name] === unit { $0.units[unit.name] = nil } }
    }

    // MARK: Uses

    /// The containers that need a volume, in order.
    func users(of name: String) -> [String] {
        state.withLock { $0.uses[name, default: []].map(\.description).sorted() }
    }

    /// Notes that a container needs volumes; none of them can be removed from now on.
    func use(_ names: some Sequence<String>, by id: ObjectID) {
        state.withLock { state in
            for name in names { state.uses[name, default: []].insert(id) }
        }
    }

    /// Notes that a container needs volumes no longer.
    ///
    /// - Parameters:
    ///   - names: The volumes.
    ///   - id: The container.
    /// - Returns: Those that no other container needs.
    @discardableResult
    func release(_ names: some Sequence<String>, by id: ObjectID) -> Set<String> {
        state.withLock { state in
            var free: Set<String> = []
            for name in names {
                state.uses[name]?.remove(id)
                if state.uses[name]?.isEmpty ?? true {
                    state.uses[name] = nil
                    free.insert(name)
                }
            }
            return free
        }
    }
}
