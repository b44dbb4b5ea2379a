// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineClient
import OCI
import Terminal

/// Images that are put into their registries, several at a time.
struct ImagePushes {
    let client: EngineClient
    let references: [OCI.ImageReference]

    private static let width = 4

    /// Pushes all of them.
    ///
    /// - Parameters:
    ///   - global: How it is shown.
    ///   - environment: The variables that say more of it; nil for those of the process.
    ///   - isQuiet: Whether it is not shown at all.
    /// - Returns: What has failed; the others were pushed.
    /// - Throws: ``CommandFailure`` where it cannot be begun.
    func run(_ global: GlobalOptions, environment: ProjectEnvironment? = nil, isQuiet: Bool) throws -> Failures {
        var failures = Failures()
        if references.isEmpty { return failures }
        let puller = try ImagePuller(client)
        let progress = try ProjectWork(global, title: "Pushing", environment: environment, isQuiet: isQuiet).progress
        let results: [Result<Void, any Error>]
        do {
            defer { progress.finish() }
            results = try Targets.results(of: references, width: Self.width) { reference in
                let transfer = ImageTransfer(image: reference.familiar, words: .push, progress: progress)
                try transfer.follow { try puller.push(reference) }
            }
        }
        for result in results { failures.collect { try result.get() } }
        return failures
    }
}
