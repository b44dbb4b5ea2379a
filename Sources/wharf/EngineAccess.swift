// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import EngineAPI
import EngineClient
import Glibc
import Terminal

extension GlobalOptions {
    /// Where the engine is, which the commands use that need one.
    func engineLocation() throws -> EngineLocation {
        var location = EngineLocation(
            root: root,
            environment: { getenv($0).map { String(cString: $0) } },
            uid: getuid()
        )
        // The engine does not stand where the user stands.
        if !FilePath.isAbsolute(location.data) || !FilePath.isAbsolute(location.runtime) {
            let folder = try ProjectLoading.currentDirectory()
            location.data = FilePath.clean(
                FilePath.isAbsolute(location.data) ? location.data : folder + "/" + location.data
            )
            location.runtime =
                FilePath.clean(
                    FilePath.isAbsolute(location.runtime) ? location.runtime : folder + "/" + location.runtime
                )
        }
        return location
    }

    /// A client of the engine.
    ///
    /// - Parameter startsEngine: Whether an engine is started where none runs.
    /// - Returns: The client.
    /// - Throws: ``CommandFailure`` where the location cannot be told, ``ClientError`` where a foreign engine does not answer.
    func client(startsEngine: Bool = true) throws -> EngineClient {
        var client: EngineClient
        // For tests with an engine of another kind; the variable is not documented.
        if root == nil, let socket = getenv("WHARF_SOCKET"), socket.pointee != 0 {
            client = try EngineClient.negotiated(socket: String(cString: socket))
        } else {
            client = EngineClient(location: try engineLocation(), startsEngine: startsEngine)
        }
        client.onlyAsks = dryRun
        return client
    }
}
