// SPDX-License-Identifier: Apache-2.0

import Compose
import Glibc
import TestSupport
import YAML

/// What is fuzzed: everything that `wharf config` does with a folder, in this process.
enum Target {
    /// What came of a load.
    struct Verdict {
        var accepted: Bool
        var diagnostics: String
    }

    /// Loads what is in a folder.
    static func load(_ folder: String, _ input: Input) -> Verdict {
        switch input.subject {
        case .projects: load(folder, input.set, flags: input.flags)
        case .dockerfiles: Dockerfiles.load(input.set, flags: input.flags)
        }
    }

    /// Loads the project of a folder and prints its tree or its errors.
    private static func load(_ folder: String, _ set: FileSet, flags: UInt64) -> Verdict {
        var request = LoadRequest(currentDirectory: folder)
        request.files = set.named
        request.profiles = set.profiles
        request.environment = set.environment.merging(["HOME": folder]) { $1 }
        // Most loads are ordinary ones; the rest take the ways that few people go.
        if flags & 0b111 == 0 {
            request.options.interpolates = flags & 0x08 == 0
            request.options.normalises = flags & 0x10 == 0
            request.options.checksConsistency = flags & 0x20 == 0
            request.options.resolvesPaths = flags & 0x40 == 0
            request.options.recordsHistory = flags & 0x80 == 0
            request.options.keepsUnusedResources = flags & 0x100 == 0
        }
        let result = Loader.load(request)
        let text = DiagnosticText(sources: result.sources, currentDirectory: folder).render(result.diagnostics)
        _ = JSONWriter.json(DiagnosticJSON.node(of: result.diagnostics, sources: result.sources))
        guard !result.hasErrors else { return Verdict(accepted: false, diagnostics: text) }
        guard let project = result.project else { return Verdict(accepted: false, diagnostics: text) }
        _ = Emitter.yaml(project.node(as: .yaml))
        _ = JSONWriter.json(project.node(as: .json))
        return Verdict(accepted: true, diagnostics: text)
    }
}
