// SPDX-License-Identifier: Apache-2.0

import Build
import EngineAPI
import Images
import Linux
import OCI

/// The config of an image that was built: what containers of it run with, and its history.
struct BuiltImage {
    private let preparation: BuildPreparation
    private let graph: BuildGraph
    private let created: String

    /// Where programs are found in an image that is built upon nothing.
    private static let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// What builders of Docker say in the history of their steps.
    private static let comment = "buildkit.dockerfile.v0"

    /// - Parameters:
    ///   - preparation: The build.
    ///   - graph: Its steps.
    /// - Throws: `badParameter` where the time is none.
    init(_ preparation: BuildPreparation, _ graph: BuildGraph) throws(EngineError) {
        self.preparation = preparation
        self.graph = graph
        created = (try preparation.epoch() ?? FileTime.now).rfc3339
    }

    /// The config.
    var config: ImageConfig {
        let stage = graph.target
        var config = ImageConfig(platform: stage.platform, diffIDs: [])
        var container = stage.config
        if base(of: stage) == nil, container.env?.contains(where: { $0.hasPrefix("PATH=") }) != true {
            container.env = [Self.path] + (container.env ?? [])
        }
        if container.workingDir?.isEmpty ?? true { container.workingDir = "/" }
        if !preparation.request.labels.isEmpty {
            container.labels = (container.labels ?? [:]).merging(preparation.request.labels) { $1 }
        }
        config.created = created
        config.author = stage.author
        config.config = container
        config.history = (base(of: stage)?.config.history ?? []) + history(of: stage)
        return config
    }

    /// The image that a stage and those below it begin with.
    private func base(of stage: PlannedStage) -> StoredImage? {
        switch stage.base {
        case .image(let name, _): preparation.images[name]
        case .stage(let index): base(of: preparation.plan.stages[index])
        case .context, .scratch, .unknown: nil
        }
    }

    private func history(of stage: PlannedStage) -> [ImageConfig.History] {
        var history: [ImageConfig.History] = []
        if case .stage(let index) = stage.base { history = self.history(of: preparation.plan.stages[index]) }
        if case .context(let name) = stage.base {
            history.append(ImageConfig.History(created: created, createdBy: "FROM \(name)", comment: Self.comment))
        }
        for step in preparation.plan.steps where step.stage == stage.index {
            var isEmpty = false
            if case .metadata = step.operation { isEmpty = true }
            history.append(
                ImageConfig.History(
                    created: created,
                    createdBy: step.text,
                    comment: Self.comment,
                    emptyLayer: isEmpty ? true : nil
                )
            )
        }
        return history
    }
}
