// SPDX-License-Identifier: Apache-2.0

import Build
import EngineAPI
import OCI

/// Changes of an image's config in the form of instructions of a Dockerfile, as `docker import` and `docker commit` take
/// them.
struct ImageChanges {
    private var changes: ConfigChanges

    /// No client has use for more text than this.
    private static let sizeLimit = 1 << 20

    /// What Docker takes.
    private static let keywords = ConfigChanges.keywords.subtracting([.shell])

    init(_ config: OCI.ContainerConfig = OCI.ContainerConfig()) {
        changes = ConfigChanges(config)
    }

    /// What containers of the image run with.
    var config: OCI.ContainerConfig { changes.config }

    /// Applies instructions.
    ///
    /// - Parameter texts: Lines; each text may have several.
    /// - Throws: `badParameter` with the instruction that is not understood.
    mutating func apply(_ texts: [String]) throws(EngineError) {
        if texts.reduce(0, { $0 + $1.utf8.count }) > Self.sizeLimit {
            throw EngineError(.badParameter, "the changes have more than \(Self.sizeLimit) bytes")
        }
        for text in texts {
            var line = text
            do throws(BuildProblem) {
                for instruction in try Instruction.read(text, only: Self.keywords) {
                    line = instruction.text
                    try changes.apply(instruction)
                }
            } catch {
                throw EngineError(.badParameter, "change `\(line.prefix(128))`: \(error)")
            }
        }
    }
}
