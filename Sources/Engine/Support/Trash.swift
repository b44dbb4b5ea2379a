// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// The folder of what is being removed: what is in it belongs to nobody any more.
///
/// A container's files may be many; they are moved here at once and removed while nobody waits.
final class Trash: Sendable {
    let path: String
    private let background: BackgroundWork

    /// Makes the folder where it is missing.
    init(_ path: String, _ background: BackgroundWork) throws(SystemError) {
        self.path = path
        self.background = background
        try ContainerFolder.makeDirectory(path, mode: 0o700)
    }

    /// Removes what is in it, when there is time.
    ///
    /// What cannot be removed now stays until the next time.
    func empty() {
        background.add { [path] in
            _ = try? await BlockingCall.run { Self.empty(path) }
        }
    }

    /// Removes what is in it while the caller waits.
    func emptyNow() { Self.empty(path) }

    private static func empty(_ path: String) {
        guard let folder = try? Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else { return }
        for name in (try? folder.entries()) ?? [] { try? folder.removeTree(name) }
    }
}
