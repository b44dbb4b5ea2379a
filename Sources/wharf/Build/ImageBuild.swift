// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient

/// One build, shown while it goes on.
struct ImageBuild: Sendable {
    let display: BuildDisplay
    /// The service; empty for none.
    let title: String
    /// What errors call the Dockerfile.
    let dockerfile: String

    /// Shows a build to its end.
    ///
    /// - Parameters:
    ///   - connection: Gets to know the connection, so that somebody else can end the build.
    ///   - start: Begins it.
    /// - Returns: The image.
    /// - Throws: ``CommandFailure`` where there is none.
    func image(on connection: WorkConnection? = nil, _ start: () throws -> Response) throws -> BuildEvent.Image {
        var response = try start()
        connection?.open(response.number)
        defer { connection?.forget() }
        var image: BuildEvent.Image?
        while let event = try response.nextValue(BuildEvent.self) {
            display.show(event, of: title)
            if let failure = event.failure {
                throw CommandFailure(message: display.text(of: failure, of: title, in: dockerfile))
            }
            image = event.image ?? image
        }
        guard let image else {
            throw CommandFailure(message: "the engine ended before the build did: build again, it goes on where it was")
        }
        return image
    }
}
