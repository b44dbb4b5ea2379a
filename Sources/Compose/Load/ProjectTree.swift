// SPDX-License-Identifier: Apache-2.0

import YAML

/// The second half of loading a set of files: what is done once all of them are merged.
enum ProjectTree {
    /// The canonical tree of a set of files, with defaults set, rules checked and paths resolved.
    ///
    /// Included projects go through this as well, with the folder as seen from the including project.
    static func load(_ files: [String], with processor: inout DocumentProcessor, referrer: Origin? = nil) -> Node? {
        guard var tree = processor.load(files, referrer: referrer) else {
            return nil
        }
        let context = processor.context
        Defaults.apply(to: &tree)
        var rules = RuleChecker(diagnostics: context.diagnostics)
        rules.check(tree)
        if context.options.resolvesPaths || !processor.includeChain.isEmpty {
            PathResolver(base: processor.pathBase, context: context, environment: processor.environment)
                .resolve(&tree)
        }
        if context.options.interpolates {
            BareVariables.resolve(in: &tree, with: processor.environment)
        }
        return tree
    }
}
