// SPDX-License-Identifier: Apache-2.0

import GRDB

extension StoreWriter {
    /// Adds a volume.
    ///
    /// - Throws: `taken` where the name is in use, `unreadableRecord` where a record that cannot be read has it, or `invalid`.
    package func add(_ volume: VolumeRecord) throws {
        if volume.name.isEmpty || volume.name.utf8.contains(0) {
            throw StoreError(.invalid, "the name of a volume is empty or has a NUL character")
        }
        if try VolumeRecord.find(database, "WHERE name = ?", [volume.name]) != nil {
            throw StoreError(.taken(holder: volume.name), "there is a volume \(volume.name) already")
        }
        try execute(
            sql: "INSERT INTO volumes VALUES (?, ?, ?, ?)",
            arguments: [
                volume.name, volume.created.nanoseconds,
                try text(volume.configuration, "the configuration of the volume \(volume.name)"),
                volume.phase.rawValue,
            ]
        )
    }

    /// Replaces what may be done to the content of a volume.
    ///
    /// - Parameters:
    ///   - name: The volume.
    ///   - phase: The state.
    /// - Throws: `notFound` or `unreadableRecord`.
    package func setPhase(ofVolume name: String, to phase: VolumeRecord.Phase) throws {
        _ = try reader.volume(name)
        try execute(sql: "UPDATE volumes SET phase = ? WHERE name = ?", arguments: [phase.rawValue, name])
    }

    /// Removes the record of a volume.
    ///
    /// - Throws: `notFound` or `unreadableRecord`.
    package func removeVolume(_ name: String) throws {
        _ = try reader.volume(name)
        try execute(sql: "DELETE FROM volumes WHERE name = ?", arguments: [name])
    }
}
