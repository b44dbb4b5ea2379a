// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Images
import OCI

/// The images that a build begins with: those that are here, and others from their registries.
struct BaseImages: Sendable {
    let engine: Engine
    let request: ImageBuildRequest
    let progress: BuildProgress

    /// Has an image here.
    ///
    /// - Parameters:
    ///   - name: Its full name.
    ///   - platform: What it is for; nil for whatever it is.
    /// - Returns: The image.
    /// - Throws: `EngineError` where its registry does not have it, or cannot be reached; `CancellationError`.
    func image(_ name: String, for platform: Platform?) async throws -> StoredImage {
        if !request.pulls, let image = try await present(name, for: platform) { return image }
        let reference = try Engine.pulled(name, nil)
        let told = await progress.begin("pull \(reference.familiar)")
        do {
            try await engine.pullImage(
                name,
                platform: platform?.description,
                auth: request.registries[reference.registry] ?? RegistryAuth()
            ) { _ in }
        } catch {
            await told.end(error is CancellationError ? .cancelled : .failed)
            guard var failure = error as? EngineError else { throw error }
            let reason = request.pulls ? "" : ", which is not on this machine"
            failure.message = "cannot pull the image \(reference.familiar)\(reason): \(failure.message)"
            throw failure
        }
        await told.end(.done)
        guard let image = try await present(name, for: platform) else {
            throw EngineError(.notFound, "the image \(reference.familiar) was pulled, and is not here any more")
        }
        return image
    }

    private func present(_ name: String, for platform: Platform?) async throws -> StoredImage? {
        do {
            let image = try await engine.withImages(about: name) { try $0.whole(name) }
            if let platform, platform.distance(to: image.config.platform) == nil { return nil }
            return image
        } catch let error as EngineError where error.code == .notFound {
            return nil
        }
    }
}
