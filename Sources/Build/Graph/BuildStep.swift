// SPDX-License-Identifier: Apache-2.0

package import OCI

/// The number of a step in its plan.
package typealias StepID = Int

/// One thing that a build does.
package struct BuildStep: Sendable {
    package var id: StepID
    /// The stage that it belongs to; nil for sources, which several may share.
    package var stage: Int?
    package var place: SourcePlace?
    /// The instruction as it is shown, and as the history of the image has it.
    package var text: String
    package var operation: Operation

    /// What is done.
    package enum Operation: Sendable {
        case source(Source)
        case run(RunStep)
        case copy(CopyStep)
        case makeFolder(MakeFolderStep)
        /// Changes the config alone: no step depends on it, and no key.
        case metadata
    }

    /// Where files come from.
    package enum Source: Hashable, Sendable {
        case image(String, Platform)
        /// The main context of the build.
        case context
        case named(String, NamedContext)
        case http(String, checksum: String?)
        case git(String, keepsGitFolder: Bool, checksum: String?)
    }

    /// The steps whose result it needs.
    package var dependencies: [StepID] {
        let all: [StepID?] =
            switch operation {
            case .source, .metadata: []
            case .run(let step): [step.base] + step.mounts.map(\.source)
            case .copy(let step): [step.base] + step.sources.map(\.step)
            case .makeFolder(let step): [step.base]
            }
        return Set(all.compactMap(\.self)).sorted()
    }
}

/// A program that runs upon the files of a step.
package struct RunStep: Sendable {
    /// Whose files it changes; nil for none.
    package var base: StepID?
    package var arguments: [String]
    package var environment: [String]
    /// Variables of proxies, which take the place of others of the same names: they are not part of the key.
    package var proxies: [String]
    package var user: String
    package var directory: String
    package var network: RunInstruction.Network
    package var security: RunInstruction.Security
    package var extraHosts: [String]
    package var devices: [String]
    package var mounts: [RunMount]
    /// A script that is executed by itself, since its first line names its interpreter.
    package var script: InlineFile?
}

/// A file that stands in the Dockerfile.
package struct InlineFile: Hashable, Sendable {
    package var name: String
    package var content: String
}

/// Files that are copied upon the files of a step.
package struct CopyStep: Sendable {
    /// What is copied.
    package struct Item: Hashable, Sendable {
        /// Whose files; nil where they stand in the Dockerfile, or come from the empty stage.
        package var step: StepID?
        /// A path or pattern with a slash before it; the name of the one file of an address; empty for a whole repository.
        package var path: String
        package var file: InlineFile?

        package init(step: StepID? = nil, path: String, file: InlineFile? = nil) {
            self.step = step
            self.path = path
            self.file = file
        }
    }

    /// Whose files it changes; nil for none, and with `--link`.
    package var base: StepID?
    /// Whose files the result lies upon.
    package var below: StepID?
    package var sources: [Item]
    /// Absolute; with a slash at the end where it is a folder in any case.
    package var destination: String
    package var owner: String?
    package var mode: FileMode?
    package var isLinked: Bool
    package var keepsParents: Bool
    package var excluded: [String]
    /// Whether archives of the context are unpacked.
    package var unpacks: Bool
    /// Whether what comes from an address is.
    package var unpacksRemote: Bool

    /// A copy of sources to a destination.
    package init(
        base: StepID? = nil,
        below: StepID? = nil,
        sources: [Item],
        destination: String,
        owner: String? = nil,
        mode: FileMode? = nil,
        isLinked: Bool,
        keepsParents: Bool,
        excluded: [String],
        unpacks: Bool,
        unpacksRemote: Bool
    ) {
        self.base = base
        self.below = below
        self.sources = sources
        self.destination = destination
        self.owner = owner
        self.mode = mode
        self.isLinked = isLinked
        self.keepsParents = keepsParents
        self.excluded = excluded
        self.unpacks = unpacks
        self.unpacksRemote = unpacksRemote
    }
}

/// A folder that WORKDIR makes.
package struct MakeFolderStep: Sendable {
    package var base: StepID?
    package var path: String
    package var owner: String
}

extension CopyStep {
    /// The name of the file that an address gives.
    package static func fileName(of address: String) -> String {
        let path = address.prefix { $0 != "?" && $0 != "#" }.split(separator: "/").dropFirst(2)
        return path.last.map(String.init) ?? "__unnamed__"
    }
}
