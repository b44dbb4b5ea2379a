// SPDX-License-Identifier: Apache-2.0

import Build
import Images
import OCI

/// What the steps of a build are called, and where they stand.
struct StepNames {
    /// `[stage 2/4] RUN make`.
    private(set) var names: [StepID: String] = [:]
    private var positions: [StepID: String] = [:]

    init(_ graph: BuildGraph, _ plan: BuildPlan, _ dockerfile: Dockerfile) {
        var texts: [SourcePlace: String] = [:]
        for stage in dockerfile.stages {
            for instruction in [stage.instruction] + stage.instructions {
                texts[instruction.place] = instruction.text
            }
        }
        var steps: [Int: [BuildStep]] = [:]
        for step in plan.steps {
            if case .metadata = step.operation { continue }
            if let stage = step.stage { steps[stage, default: []].append(step) }
        }
        for stage in plan.stages {
            let own = steps[stage.index] ?? []
            let title = plan.stages.count == 1 && stage.name == nil ? "" : (stage.name ?? "stage-\(stage.index)") + " "
            for (index, step) in own.enumerated() {
                // A trigger of the base stands where its FROM does.
                let text = step.place.flatMap { $0 == stage.place ? nil : texts[$0] } ?? step.text
                names[step.id] = "[\(title)\(index + 2)/\(own.count + 1)] \(Self.line(text))"
                positions[step.id] = "\(stage.name ?? "\(stage.index)") \(index)"
            }
            guard case .image = stage.base, let id = Self.source(of: stage, graph), names[id] == nil else { continue }
            names[id] = "[\(title)1/\(own.count + 1)] FROM \(stage.baseName)"
        }
    }

    /// The step that brings the image that a stage begins with.
    private static func source(of stage: PlannedStage, _ graph: BuildGraph) -> StepID? {
        guard case .image(let name, let platform) = stage.base else { return nil }
        return graph.steps.first {
            if case .source(.image(name, platform)) = $0.operation { true } else { false }
        }?.id
    }

    private static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).first.map(String.init) ?? text
    }

    /// Where steps stand, the same for each build of the same Dockerfile.
    ///
    /// - Parameter identity: What the Dockerfile is known by.
    /// - Returns: The places by the numbers of the steps.
    func places(of identity: String) -> [StepID: String] {
        positions.mapValues { Digest(sha256: Array("\(identity)\n\($0)".utf8)).hex }
    }
}
