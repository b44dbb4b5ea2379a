// SPDX-License-Identifier: Apache-2.0

import YAML

/// Which services of a project take part, by profiles and by the names that the user gives.
struct ServiceSelection {
    /// The services that take part.
    private(set) var enabled: [String: Service]
    /// The services of profiles that are not active.
    private(set) var disabled: [String: Service]
    private let profiles: [String]

    /// Enables the services without profiles and those of an active one; `*` stands for all profiles.
    init(all: [String: Service], profiles: [String]) {
        self.profiles = profiles
        disabled = all.filter { !Self.isEnabled($0.value, by: profiles) }
        enabled = disabled.isEmpty ? all : all.filter { Self.isEnabled($0.value, by: profiles) }
    }

    private static func isEnabled(_ service: Service, by profiles: [String]) -> Bool {
        service.profiles.isEmpty || profiles.contains("*") || service.profiles.contains(where: profiles.contains)
    }

    /// Restricts a project to some services and what they depend on; none means all.
    ///
    /// Naming a service activates its profiles, so that others of the same profiles can be dependencies.
    mutating func select(_ names: [String], in project: inout Project, _ diagnostics: DiagnosticBag) {
        enabled = project.services
        guard !names.isEmpty else {
            return
        }
        let named = names.compactMap { disabled[$0] }
        if !named.isEmpty {
            let profiles = profiles + named.flatMap(\.profiles)
            for (name, service) in disabled where Self.isEnabled(service, by: profiles) {
                enabled[name] = service
                disabled[name] = nil
            }
        }
        var chosen: Set<String> = []
        for name in names {
            let matches = enabled[name] == nil ? enabled.keys.filter { GlobPattern.matches($0, name) } : [name]
            chosen.formUnion(matches)
            guard matches.isEmpty else {
                continue
            }
            diagnostics.error(
                .undefinedReference,
                "no such service: `\(name)`",
                at: nil,
                suggestion: Suggestions.nearest(to: name, in: Array(enabled.keys).sorted())
                    .map { "did you mean `\($0)`?" }
            )
        }
        let kept = DependencyGraph(enabled).closure(of: chosen)
        project.services = enabled.filter { kept.contains($0.key) }
    }
}
