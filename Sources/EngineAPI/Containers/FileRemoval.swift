// SPDX-License-Identifier: Apache-2.0

/// The body of `POST /wharf/v1/containers/{id}/remove-files`: files of a container that are to go.
package struct FileRemoval: Codable, Equatable, Sendable {
    /// Their paths in the container; what is not there counts as gone.
    package var paths: [String]

    package init(paths: [String]) {
        self.paths = paths
    }
}
