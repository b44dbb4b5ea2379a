// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import Glibc
import JSONTree
import Linux
import Store
import Synchronization

extension Engine {
    /// The volumes, by their names.
    ///
    /// - Parameter filters: `name` as a pattern, `label`, `driver` and `dangling`.
    /// - Returns: Those that fit.
    /// - Throws: `badParameter` for other filters.
    package func listVolumes(_ filters: Filters) async throws -> VolumeList {
        try filters.check(against: ["dangling", "driver", "label", "name"])
        let isDangling = try filters.boolean("dangling")
        let patterns = filters["name"].compactMap { NamePattern($0) }
        var list = VolumeList()
        for unit in volumes.all where await unit.isRecorded {
            let volume = unit.volume
            if let isDangling, isDangling != volumes.users(of: unit.name).isEmpty { continue }
            if !filters["name"].isEmpty, !patterns.contains(where: { $0.matches(volume.name) }) { continue }
            if !filters["driver"].isEmpty, !filters["driver"].contains(volume.driver) { continue }
            if filters.accept(labels: volume.labels ?? [:]) { list.volumes.append(volume) }
        }
        return list
    }

    package func inspectVolume(_ name: String) async throws -> Volume {
        let unit = try volumes.find(name)
        guard await unit.isRecorded else { throw EngineError.noSuchVolume(name) }
        return unit.volume
    }

    /// Makes a volume, or gives the one that has the name already.
    ///
    /// - Parameter request: What it is to be; without a name one is invented.
    /// - Returns: The volume.
    /// - Throws: `badParameter` with what is wrong, `conflict` where there is one of other options.
    package func createVolume(_ request: VolumeCreateRequest) async throws -> Volume {
        var (name, labels) = (request.name, request.labels)
        do {
            if name.isEmpty {
                name = VolumeName.random()
                labels = (labels ?? [:]).merging([Volume.anonymousLabel: ""]) { own, _ in own }
            }
            try VolumeName.check(name)
            try VolumeName.check(driver: request.driver, of: name)
        } catch {
            throw EngineError(.badParameter, error.text)
        }
        return try await obtainVolume(name, VolumeDefinition(options: request.options, labels: labels)).volume
    }

    /// The volume with a name, which is made where it is missing.
    ///
    /// - Parameters:
    ///   - name: The name, which was checked.
    ///   - wanted: What it is to be; one that is there may differ where no options are asked for.
    /// - Returns: The volume.
    /// - Throws: `badParameter` for options, or `conflict` where there is one of others.
    func obtainVolume(_ name: String, _ wanted: VolumeDefinition) async throws -> VolumeUnit {
        do {
            _ = try LocalVolumeMount(wanted.options ?? [:])
        } catch {
            throw EngineError(.badParameter, "create \(name): \(error.text)")
        }
        while true {
            let unit = volumes.obtain(name) { VolumeUnit(name, wanted, in: self) }
            guard try await unit.make() else { continue }
            if let options = wanted.options, !options.isEmpty, options != unit.definition.options ?? [:] {
                throw EngineError(
                    .conflict,
                    "create \(name): conflict: volume name must be unique: there is a volume of this name with other "
                        + "options; remove it, or use another name"
                )
            }
            return unit
        }
    }

    /// Removes a volume with its data.
    ///
    /// - Parameters:
    ///   - name: The volume.
    ///   - force: Whether it is no error that there is none.
    /// - Throws: `notFound`, or `conflict` with the containers that use it, whether they run or not.
    package func removeVolume(_ name: String, force: Bool) async throws {
        do {
            try await volumes.find(name).remove()
        } catch let error as EngineError where error.code == .notFound && force {
            return
        }
    }

    /// Removes volumes that no container uses: those without a name of their own, or all where the filter `all` is true.
    ///
    /// - Parameter filters: `all`, `label` and `label!`.
    /// - Returns: The names of those that are gone, and the bytes that are free again.
    /// - Throws: `badParameter` for other filters.
    package func pruneVolumes(_ filters: Filters) async throws -> VolumesPruned {
        try filters.check(against: ["all", "label", "label!"])
        let takesAll = try filters.boolean("all") ?? false
        if let container = unreadable.withLock(\.first) {
            throw EngineError(
                .conflict,
                "cannot tell which volumes are in use: the record of the container \(container) cannot be read, as "
                    + "\(location.log) says; remove volumes by their names"
            )
        }
        var labels = filters.values
        labels["all"] = nil
        let query = try PruneQuery(Filters(labels), now: .now)
        var answer = VolumesPruned()
        var deleted: [String] = []
        for unit in volumes.all where takesAll || unit.isAnonymous {
            guard query.accepts(created: unit.created, labels: unit.definition.labels ?? [:]),
                volumes.users(of: unit.name).isEmpty
            else { continue }
            let folder = unit.folder
            let size = try? await BlockingCall.run { try folder.size() }
            do {
                try await unit.remove()
            } catch let error as EngineError where error.code == .conflict || error.code == .notFound {
                // It was put to use or removed in the meantime.
                continue
            }
            deleted.append(unit.name)
            answer.spaceReclaimed += UInt64(max(0, size ?? 0))
        }
        if !deleted.isEmpty { answer.volumesDeleted = deleted }
        emit("volume", "prune", id: "", attributes: ["reclaimed": String(answer.spaceReclaimed)])
        return answer
    }

    // MARK: At the start

    /// Takes the records of volumes up; one that cannot be read is told of and left as it is, with its folder.
    func registerVolumes() throws {
        let listing = try store.read { try $0.volumes() }
        for record in listing.unreadable {
            report("cannot take over a volume", StoreError(.unreadableRecord, "\(record)"))
        }
        for record in listing.records {
            do {
                do { try VolumeName.check(record.name) } catch { throw EngineError(.failed, error.text) }
                let definition = try JSON.decode(VolumeDefinition.self, from: record.configuration)
                _ = volumes.obtain(record.name) { VolumeUnit(record, definition, in: self) }
            } catch {
                report("cannot take over the volume \(record.name), whose record is left as it is", error)
            }
        }
    }

    /// Does what the engine before had no time for, once it is known which containers run.
    func takeOverVolumes() async {
        for unit in containers.all where await unit.isRunning {
            for name in await unit.definition.volumeNames { await (try? volumes.find(name))?.adopt(unit.id) }
        }
        for unit in volumes.all {
            do {
                try await unit.takeOver()
            } catch {
                report("cannot take over the volume \(unit.name)", error)
            }
        }
    }
}
