// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import OCI
import Terminal

/// An image on its way from or to a registry, shown as it goes.
struct ImageTransfer {
    /// How the transfer is called while it goes on and when it is over.
    struct Words {
        var begun: String
        var done: String

        static let pull = Self(begun: "Pulling", done: "Pulled")
        static let push = Self(begun: "Pushing", done: "Pushed")
    }

    /// The image as it is shown.
    let image: String
    let words: Words
    let progress: Progress

    /// Transfers one image for a command, and shows it.
    ///
    /// - Parameters:
    ///   - reference: The image.
    ///   - words: How it is called.
    ///   - global: How it is shown.
    ///   - isQuiet: Whether it is not shown at all.
    ///   - begin: Asks the engine.
    /// - Returns: The lines about the whole.
    /// - Throws: ``CommandFailure`` or what `begin` throws.
    @discardableResult
    static func run(
        _ reference: ImageReference,
        _ words: Words,
        _ global: GlobalOptions,
        isQuiet: Bool,
        _ begin: () throws -> Response
    ) throws -> [String] {
        let progress = try ProjectWork(global, title: words.begun, isQuiet: isQuiet).progress
        defer { progress.finish() }
        return try Self(image: reference.familiar, words: words, progress: progress).follow(begin)
    }

    /// What a layer goes through, and what ends it.
    private static let endings: Set = [
        "Already exists", "Pull complete", "Pushed", "Layer already exists", "Mounted from",
    ]

    /// Reads the engine's answer to its end.
    ///
    /// - Parameter begin: Asks the engine.
    /// - Returns: The last line about the whole, such as `Status: Downloaded newer image for nginx:latest`.
    /// - Throws: ``CommandFailure`` or what `begin` throws; it is shown as well.
    @discardableResult
    func follow(_ begin: () throws -> Response) throws -> [String] {
        progress.update(ProgressEvent(.image, image, words.begun, .working))
        do {
            var lines: [String] = []
            var response = try begin()
            while let line = try response.nextValue(ProgressLine.self) {
                if let failure = line.errorDetail?.message ?? line.error { throw CommandFailure(message: failure) }
                show(line)
                if line.id == nil, let status = line.status { lines.append(status) }
            }
            progress.update(ProgressEvent(.image, image, words.done, .done))
            return lines
        } catch {
            let failure = CommandFailure(of: error, isRun: false)
            progress.update(ProgressEvent(.image, image, "Error", .failed, detail: failure.message))
            throw failure
        }
    }

    private func show(_ line: ProgressLine) {
        guard let status = line.status else { return }
        guard let id = line.id else {
            let isResult = status.hasPrefix("Digest: ") || status.hasPrefix("Status: ")
            if !isResult { progress.update(ProgressEvent(.image, image, words.begun, .working, detail: status)) }
            return
        }
        guard let detail = line.progressDetail else { return }
        var text: String?
        if let current = detail.current, let total = detail.total {
            text = "\(HumanUnits.size(current))/\(HumanUnits.size(total))"
        }
        let isEnd = Self.endings.contains(where: status.hasPrefix)
        progress.update(ProgressEvent(.layer, id, status, isEnd ? .done : .working, detail: text))
    }
}

extension ProgressEvent.Kind {
    static let layer = Self("Layer")
}

/// Pulls images for a command.
struct ImagePuller: Sendable {
    let client: EngineClient
    let configuration: DockerConfiguration

    init(_ client: EngineClient) throws {
        self.client = client
        configuration = try DockerConfiguration()
    }

    /// Asks the engine to pull an image.
    ///
    /// - Parameters:
    ///   - reference: The image.
    ///   - platform: What it is to run on; nil for the engine's machine.
    /// - Returns: The lines of the answer.
    /// - Throws: ``CommandFailure``, ``EngineError`` or ``ClientError``.
    func pull(_ reference: ImageReference, platform: String?) throws -> Response {
        try client.pullImage(
            reference.familiarName,
            tag: reference.digest?.description ?? reference.tag ?? ImageReference.defaultTag,
            platform: platform,
            auth: try configuration.credentials(for: reference.registry)
        )
    }

    /// Asks the engine to push an image.
    func push(_ reference: ImageReference) throws -> Response {
        try client.pushImage(
            reference.familiarName,
            tag: reference.tag ?? ImageReference.defaultTag,
            auth: try configuration.credentials(for: reference.registry)
        )
    }

    /// Reads the name of an image.
    static func reference(_ text: String) throws -> ImageReference {
        do {
            return try ImageReference(text)
        } catch {
            throw CommandFailure(message: "\(error)")
        }
    }
}
