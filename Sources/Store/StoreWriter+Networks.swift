// SPDX-License-Identifier: Apache-2.0

import GRDB

extension StoreWriter {
    /// Adds a network.
    ///
    /// - Throws: `taken` where the name is in use, `unreadableRecord` where a record that cannot be read has it, or `invalid`.
    package func add(_ network: NetworkRecord) throws {
        guard ContainerRecord.isIdentifier(network.id), !network.name.isEmpty, !network.name.utf8.contains(0) else {
            throw StoreError(.invalid, "a network has no identifier, or its name is empty or has a NUL character")
        }
        if let other = try NetworkRecord.find(database, "WHERE name = ? OR id = ?", [network.name, network.id]) {
            throw StoreError(.taken(holder: other.id), "there is a network \(network.name) already")
        }
        try execute(
            sql: "INSERT INTO networks VALUES (?, ?, ?, ?, ?)",
            arguments: [
                network.id, network.name, network.created.nanoseconds,
                try text(network.configuration, "the configuration of the network \(network.name)"),
                network.isRemoving ? 1 : 0,
            ]
        )
    }

    /// Says whether a network is being removed.
    ///
    /// - Throws: `notFound` or `unreadableRecord`.
    package func setIsRemoving(_ isRemoving: Bool, ofNetwork id: String) throws {
        _ = try reader.network(id)
        try execute(sql: "UPDATE networks SET is_removing = ? WHERE id = ?", arguments: [isRemoving ? 1 : 0, id])
    }

    /// Removes the record of a network.
    ///
    /// - Throws: `notFound` or `unreadableRecord`.
    package func removeNetwork(_ id: String) throws {
        _ = try reader.network(id)
        try execute(sql: "DELETE FROM networks WHERE id = ?", arguments: [id])
    }
}
