// SPDX-License-Identifier: Apache-2.0

package import OCI

/// What has to be done for one stage, and in which order.
///
/// Steps that do not depend on each other can be done side by side.
package struct BuildGraph: Sendable {
    /// The steps that are needed; each stands behind those that it depends on.
    package let steps: [BuildStep]
    /// The stage that is wanted.
    package let target: PlannedStage
    private let indices: [StepID: Int]

    init(steps: [BuildStep], target: PlannedStage) {
        self.steps = steps
        self.target = target
        indices = Dictionary(uniqueKeysWithValues: steps.enumerated().map { ($1.id, $0) })
    }

    /// A step by its number.
    package subscript(id: StepID) -> BuildStep? { indices[id].map { steps[$0] } }

    /// The step whose files are those of the image; nil for an empty image.
    package var result: StepID? { target.files }

    /// The steps in groups: those of a group depend on groups before it only.
    ///
    /// Metadata is in none.
    package var layers: [[StepID]] {
        var depths: [StepID: Int] = [:]
        var layers: [[StepID]] = []
        for step in steps {
            if case .metadata = step.operation { continue }
            let depth = (step.dependencies.compactMap { depths[$0] }.max() ?? -1) + 1
            depths[step.id] = depth
            if layers.count == depth { layers.append([]) }
            layers[depth].append(step.id)
        }
        return layers
    }

    /// The keys of all steps that have one.
    ///
    /// - Parameters:
    ///   - hash: The digest of bytes.
    ///   - digest: The digest of files of a step.
    /// - Returns: The keys by the numbers of the steps.
    package func cacheKeys(
        hash: ([UInt8]) -> String,
        digest: (CacheInputs.Content) -> String
    ) -> [StepID: String] {
        var keys: [StepID: String] = [:]
        for step in steps {
            guard let inputs = step.cacheInputs else { continue }
            let trees = inputs.trees.map { keys[$0] ?? "" }
            keys[step.id] = hash(inputs.bytes(keys: trees, digests: inputs.contents.map(digest)))
        }
        return keys
    }
}

/// What a stage begins with.
package enum StageBase: Hashable, Sendable {
    /// Nothing.
    case scratch
    case stage(Int)
    case image(String, Platform)
    case context(String)
    /// What cannot be found out, since there is a problem with it.
    case unknown
}

/// A stage with all that its instructions come to.
package struct PlannedStage: Sendable {
    package var index: Int
    /// In lower case; nil where it has none.
    package var name: String?
    /// What the comments above say about it.
    package var description: String?
    package var place: SourcePlace
    package var base = StageBase.unknown
    /// The base as it is written, variables filled in.
    package var baseName = ""
    package var platform: Platform
    /// The config of its image.
    package var config = ContainerConfig()
    package var author: String?
    /// The step whose files it has; nil for none.
    package var files: StepID?
    /// The stages that it needs.
    package var needs: Set<Int> = []
    /// What is wrong with it.
    package var problems: [BuildProblem] = []
    /// What it can be given.
    package var parameters = StageParameters()
}

/// What a build of a stage can be given.
package struct StageParameters: Sendable {
    /// An argument.
    package struct Argument: Hashable, Sendable {
        package var name: String
        package var value: String?
        package var description: String?
        package var place: SourcePlace
    }

    /// A secret or an agent.
    package struct Credential: Hashable, Sendable {
        package var id: String
        package var isRequired: Bool
        package var place: SourcePlace
    }

    package var arguments: [Argument] = []
    package var secrets: [Credential] = []
    package var agents: [Credential] = []
    /// The caches that programs share between builds.
    package var caches: [Credential] = []
}
