// SPDX-License-Identifier: Apache-2.0

import Build
import EngineAPI
import Images
import Linux
import OCI

/// The contexts of a build once all of them are here.
struct BuildContexts: Sendable {
    /// Folders of this host in the place of contexts that came from elsewhere, by name; the main one has the empty name.
    var folders: [String: String] = [:]
    /// The Dockerfile, where the main context is nothing else.
    var dockerfile: [UInt8]?
    /// The images of contexts that are layouts, by the names of the contexts.
    var images: [String: StoredImage] = [:]

    /// Brings everything here.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - fetcher: Fetches.
    ///   - unpacked: The folder of a main context that came with the request; nil for none.
    /// - Throws: `EngineError`, `CancellationError`.
    init(_ request: ImageBuildRequest, _ fetcher: SourceFetcher, unpacked: String?) async throws {
        folders[""] = unpacked
        if unpacked == nil, let main = request.context {
            switch try await fetcher.context(NamedContext(main), "[internal]") {
            case .folder(let path): folders[""] = path
            case .file(let bytes): dockerfile = bytes
            case nil: break
            }
        }
        for (name, text) in request.contexts.sorted(by: { $0.key < $1.key }) {
            let context = NamedContext(text)
            if case .ociLayout(let layout) = context {
                images[name] = try await fetcher.layout(layout, of: name)
                continue
            }
            switch try await fetcher.context(context, "[context \(name)]") {
            case .folder(let path): folders[name] = path
            case .file: throw EngineError(.badParameter, "the context `\(name)`: \(text) is no archive")
            case nil: break
            }
        }
    }

    /// What the image of a layout is called in the plan: a name that no registry has.
    static func layoutName(_ image: StoredImage) -> String { "oci-layout.invalid/image@\(image.target.digest)" }
}

extension SourceFetcher {
    /// Takes an image of a layout in.
    ///
    /// - Parameters:
    ///   - text: The path of the layout, perhaps with `:tag` or `@digest`.
    ///   - name: The context.
    /// - Returns: The image, which has no name.
    /// - Throws: `EngineError` where there is none.
    fileprivate func layout(_ text: String, of name: String) async throws -> StoredImage {
        var (path, selection) = (text, ImageLayoutSelection.only)
        if let at = text.lastIndex(of: "@"), let digest = Digest(String(text[text.index(after: at)...])) {
            (path, selection) = (String(text[..<at]), .digest(digest))
        } else if let colon = text.lastIndex(of: ":"), !text[colon...].contains("/") {
            (path, selection) = (String(text[..<colon]), .tag(String(text[text.index(after: colon)...])))
        }
        guard path.hasPrefix("/") else {
            throw EngineError(
                .badParameter,
                "the context `\(name)`: `\(path)` is no absolute path of the engine's host"
            )
        }
        let platform = request.platform.flatMap { Platform($0) } ?? Platform.current
        return try await progress.during("[context \(name)] load oci-layout://\(text)") { [path, selection] in
            try await engine.withImages { store in
                try store.takeLayout(at: path, selection, for: platform)
            }
        }
    }
}
