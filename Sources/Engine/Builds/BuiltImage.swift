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
    private let session: BuildSession

    /// Where programs are found in an image that does not say it.
    private static let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// What builders of Docker say in the history of their steps.
    private static let comment = "buildkit.dockerfile.v0"

    /// - Parameters:
    ///   - preparation: The build.
    ///   - graph: Its steps.
    ///   - session: What was done of them.
    init(_ preparation: BuildPreparation, _ graph: BuildGraph, _ session: BuildSession) {
        (self.preparation, self.graph, self.session) = (preparation, graph, session)
    }

    /// The config.
    var config: ImageConfig {
        let stage = graph.target
        var config = ImageConfig(platform: stage.platform, diffIDs: [])
        var container = stage.config
        container.env = environment(of: stage)
        if container.workingDir?.isEmpty ?? true { container.workingDir = "/" }
        if !preparation.request.labels.isEmpty {
            container.labels = (container.labels ?? [:]).merging(preparation.request.labels) { $1 }
        }
        config.author = stage.author
        config.config = container
        // What is found in the cache is as old as it is, so that the same build gives the same image.
        let base = base(of: stage)?.config
        var history = base?.history ?? []
        var time = session.epoch?.rfc3339 ?? base?.created
        for (step, id) in self.history(of: stage) {
            var step = step
            time = session.epoch?.rfc3339 ?? id.flatMap(session.created) ?? time
            step.created = time
            history.append(step)
        }
        config.history = history
        config.created = time ?? FileTime.now.rfc3339
        return config
    }

    /// The variables of a stage, `PATH` among them: before all others where its base has none.
    private func environment(of stage: PlannedStage) -> [String] {
        var variables = stage.config.env ?? []
        let isPath = { (variable: String) in variable.hasPrefix("PATH=") }
        guard base(of: stage)?.config.config?.env?.contains(where: isPath) != true else { return variables }
        let path = variables.first(where: isPath) ?? Self.path
        variables.removeAll(where: isPath)
        return [path] + variables
    }

    /// The image that a stage and those below it begin with.
    private func base(of stage: PlannedStage) -> StoredImage? {
        switch stage.base {
        case .image(let name, _): preparation.images[name]
        case .stage(let index): base(of: preparation.plan.stages[index])
        case .context, .scratch, .unknown: nil
        }
    }

    private func history(of stage: PlannedStage) -> [(step: ImageConfig.History, id: StepID?)] {
        var history: [(step: ImageConfig.History, id: StepID?)] = []
        if case .stage(let index) = stage.base { history = self.history(of: preparation.plan.stages[index]) }
        if case .context(let name) = stage.base {
            history.append((ImageConfig.History(createdBy: "FROM \(name)", comment: Self.comment), nil))
        }
        for step in preparation.plan.steps where step.stage == stage.index {
            var isEmpty = false
            if case .metadata = step.operation { isEmpty = true }
            let item = ImageConfig.History(
                createdBy: step.text,
                comment: Self.comment,
                emptyLayer: isEmpty ? true : nil
            )
            history.append((item, step.id))
        }
        return history
    }
}
