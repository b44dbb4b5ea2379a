// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Synchronization

/// The execs of all containers, as long as somebody may ask for them.
final class ExecRegistry: Sendable {
    private let units = Mutex<[ObjectID: ExecUnit]>([:])

    init() {}

    var all: [ExecUnit] { units.withLock { Array($0.values) } }

    func add(_ unit: ExecUnit) { units.withLock { $0[unit.id] = unit } }

    func unit(_ id: ObjectID) -> ExecUnit? { units.withLock { $0[id] } }

    /// The exec with an identifier.
    func find(_ text: String) throws(EngineError) -> ExecUnit {
        guard let id = ObjectID(text), let unit = unit(id) else { throw .noSuchExec(text) }
        return unit
    }

    /// The execs of a container, the oldest first.
    func all(of container: ObjectID) -> [ExecUnit] {
        units.withLock { $0.values.filter { $0.container.id == container } }.sorted {
            $0.created.unixNanoseconds < $1.created.unixNanoseconds
        }
    }

    func remove(_ id: ObjectID) { units.withLock { $0[id] = nil } }

    func removeAll(of container: ObjectID) {
        units.withLock { units in units = units.filter { $0.value.container.id != container } }
    }
}
