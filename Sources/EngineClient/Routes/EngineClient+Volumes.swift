// SPDX-License-Identifier: Apache-2.0

package import EngineAPI

extension EngineClient {
    package func listVolumes(_ filters: Filters = Filters()) throws -> VolumeList {
        try get(VolumeList.self, "/volumes", ["filters": try filters.queryValue])
    }

    /// The JSON of an inspection as the engine writes it.
    package func rawVolume(_ name: String) throws -> [UInt8] { try getBytes("/volumes/\(name)") }

    /// Makes a volume, or gives the one that has the name already.
    package func createVolume(_ request: VolumeCreateRequest) throws -> Volume {
        try post(Volume.self, "/volumes/create", body: try Self.json(request))
    }

    /// Removes a volume with its data.
    ///
    /// - Parameters:
    ///   - name: The volume.
    ///   - force: Whether it is no error that there is none.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func removeVolume(_ name: String, force: Bool) throws {
        try delete("/volumes/\(name)", ["force": flag(force)])
    }

    package func pruneVolumes(_ filters: Filters = Filters()) throws -> VolumesPruned {
        try post(VolumesPruned.self, "/volumes/prune", ["filters": try filters.queryValue])
    }
}
