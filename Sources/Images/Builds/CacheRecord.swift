// SPDX-License-Identifier: Apache-2.0

package import OCI

/// What a step of a build has made, and what it was made of.
package struct CacheRecord: Codable, Equatable, Sendable {
    /// A part of what the key was made of, so that a build can say why a step was not found.
    package struct Part: Codable, Hashable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            (self.name, self.value) = (name, value)
        }
    }

    /// The digest of all that the result depends on.
    package var key: Digest
    /// The layer that the step has made.
    package var layer: StoredLayer
    /// The layer with all that it was first made upon.
    package var chainID: Digest
    /// The instruction as it is shown.
    package var step: String
    /// Where it stands: the same for the same step of the same Dockerfile, whatever it is made of.
    package var place: String
    package var parts: [Part]
    /// In UTC: `2026-11-23T15:12:25.000000001Z`.
    package var created: String

    package init(
        key: Digest,
        layer: StoredLayer,
        chainID: Digest,
        step: String,
        place: String,
        parts: [Part],
        created: String
    ) {
        self.key = key
        self.layer = layer
        self.chainID = chainID
        self.step = step
        self.place = place
        self.parts = parts
        self.created = created
    }
}
