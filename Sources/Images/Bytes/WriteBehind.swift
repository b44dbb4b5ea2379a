// SPDX-License-Identifier: Apache-2.0

import Linux

/// Has what was written to a file go to the disk while more is written, so that nobody waits for all of it at the end.
struct WriteBehind {
    private static let step: Int64 = 4 << 20
    private var begun: Int64 = 0

    /// Tells how much is written.
    ///
    /// - Parameters:
    ///   - end: The end of what is written.
    ///   - file: The file.
    mutating func wrote(to end: Int64, of file: borrowing Descriptor) {
        if end - begun < Self.step { return }
        file.beginSync(from: begun, count: end - begun)
        begun = end
    }
}
