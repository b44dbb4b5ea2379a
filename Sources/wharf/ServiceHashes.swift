// SPDX-License-Identifier: Apache-2.0

import Compose

/// The lines of `wharf config --hash`.
enum ServiceHashes {
    static func lines(_ names: String, of project: Project) throws -> [UInt8] {
        throw CommandFailure(message: "not there")
    }
}
