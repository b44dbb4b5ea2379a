// SPDX-License-Identifier: Apache-2.0

import BenchKit
import TestSupport

/// A project to build: what it depends on, which rarely changes, and its sources.
struct GeneratedContext {
    /// What is built, one after the other.
    enum Step: String, CaseIterable {
        /// Nothing is in any cache.
        case cold = "the first time"
        case again = "nothing changed"
        case changed = "one source file changed"
    }

    private static let (dependencies, sources) = (2000, 200)
    static let files = dependencies + sources

    let folder: String

    init(in scratch: Scratch) throws {
        folder = scratch / "context"
        var text = GeneratedText(seed: 2)
        for number in 0..<Self.dependencies {
            let place = "\(folder)/dependencies/\(number / 20)"
            if number.isMultiple(of: 20) { try makeFolder(place) }
            try writeFile("\(place)/\(number)", text.next())
        }
        try makeFolder(folder + "/sources")
        for number in 0..<Self.sources { try writeFile("\(folder)/sources/\(number)", text.next()) }
        let dockerfile = """
            FROM \(BenchEngine.image) AS build
            WORKDIR /build
            COPY dependencies dependencies
            RUN cat dependencies/*/* > library
            COPY sources sources
            RUN cat sources/* library > program
            FROM \(BenchEngine.image)
            RUN echo setting > /setting
            COPY --from=build /build/program /bin/program
            CMD ["cat", "/bin/program"]

            """
        try writeFile(folder + "/Dockerfile", Array(dockerfile.utf8))
    }

    /// Makes the files what they are to be for a step, after those of the steps before it.
    func write(for step: Step) throws {
        if step != .again { try writeFile(folder + "/sources/0", Array(step.rawValue.utf8)) }
    }
}
