// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import JSONTree

extension EngineClient {
    /// Pulls an image.
    ///
    /// - Parameters:
    ///   - name: The image without its tag and digest.
    ///   - tag: The tag or digest.
    ///   - platform: What it is to run on; nil for the engine's machine.
    ///   - auth: Who asks the registry; nil for nobody in particular.
    /// - Returns: A line for each ``ProgressLine``; failures may be among them.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func pullImage(
        _ name: String,
        tag: String,
        platform: String? = nil,
        auth: RegistryAuth? = nil
    ) throws -> Response {
        let query: RequestQuery = ["fromImage": name, "tag": tag, "platform": platform]
        var request = Request(.post, "/images/create", query)
        request.fields = try Self.fields(auth)
        return try send(request)
    }

    /// Pushes an image.
    ///
    /// - Parameters:
    ///   - name: The image without its tag.
    ///   - tag: The tag.
    ///   - auth: Who asks the registry; nil for nobody in particular.
    /// - Returns: A line for each ``ProgressLine``; failures may be among them.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func pushImage(_ name: String, tag: String, auth: RegistryAuth? = nil) throws -> Response {
        var request = Request(.post, "/images/\(image: name)/push", ["tag": tag])
        request.fields = try Self.fields(auth)
        return try send(request)
    }

    /// Finds out whether a registry takes credentials.
    package func checkAuth(_ auth: RegistryAuth) throws -> AuthResponse {
        try post(AuthResponse.self, "/auth", body: try Self.json(auth))
    }

    /// The header fields that tell who asks.
    private static func fields(_ auth: RegistryAuth?) throws(ClientError) -> [(name: String, value: String)] {
        do {
            let bytes = try JSON.encode(auth ?? RegistryAuth())
            return [(RegistryAuth.header, Base64.encodeForHeader(bytes))]
        } catch {
            throw ClientError(.unreadableBody, "cannot write the credentials as JSON: \(error)")
        }
    }
}
