// SPDX-License-Identifier: Apache-2.0

package import YAML

/// A project: what a set of compose files means, with all short forms written out and all defaults filled in.
///
/// It is what the engine is sent and what `config` prints.
package struct Project: ComposeObject {
    /// The name, in the form that the engine accepts.
    package var name = ""
    /// The enabled services by their names.
    package var services: [String: Service] = [:]
    /// The networks by their keys.
    package var networks: [String: Network] = [:]
    /// The volumes by their keys.
    package var volumes: [String: Volume] = [:]
    /// The secrets by their keys.
    package var secrets: [String: Secret] = [:]
    /// The configs by their keys.
    package var configs: [String: Config] = [:]
    /// The models by their keys.
    package var models: [String: Model] = [:]
    /// The user's own keys.
    package var extensions = Extensions()

    /// The services that no active profile enables; not printed.
    package var disabledServices: [String: Service] = [:]
    /// The directory that relative paths begin at; not printed.
    package var workingDirectory = ""
    /// The files that the project was read from, in their order; not printed.
    package var files: [String] = []
    /// Where each value came from, where somebody has asked for it; not printed.
    package var sources: ProjectSources?

    package init() {}

    package static let fields: FieldTable<Project> = [
        Field("name", \.name, .string),
        Field("services", \.services, .map(.object), omitted: .never),
        Field("networks", \.networks, .map(.object)),
        Field("volumes", \.volumes, .map(.object)),
        Field("secrets", \.secrets, .map(.object)),
        Field("configs", \.configs, .map(.object)),
        Field("models", \.models, .map(.object), omitted: .inJSON),
    ]
}

extension Project {
    /// The names of what only the wire has.
    private enum WireKey {
        static let disabledServices = FieldName("disabled_services")
        static let workingDirectory = FieldName("working_dir")
        static let files = FieldName("files")
        static let sources = FieldName("sources")
    }

    /// The project as a tree to be printed.
    ///
    /// In JSON the keys are sorted, and of all `x-` keys only those of the project itself are there, as with
    /// Docker Compose.
    package func node(as format: OutputFormat) -> Node {
        var entries = entries(as: format)
        if format == .json {
            extensions.append(to: &entries, as: format)
            entries.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        }
        return Node(.mapping(Mapping(uniqueEntries: entries)))
    }

    package init(from decoder: any Decoder) throws {
        self.init()
        let container = try decoder.container(keyedBy: FieldName.self)
        try read(from: container)
        disabledServices =
            try container.decodeIfPresent([String: Service].self, forKey: WireKey.disabledServices) ?? [:]
        workingDirectory = try container.decodeIfPresent(String.self, forKey: WireKey.workingDirectory) ?? ""
        files = try container.decodeIfPresent([String].self, forKey: WireKey.files) ?? []
        sources = try container.decodeIfPresent(ProjectSources.self, forKey: WireKey.sources)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: FieldName.self)
        try write(to: &container)
        if !disabledServices.isEmpty {
            try container.encode(disabledServices, forKey: WireKey.disabledServices)
        }
        try container.encode(workingDirectory, forKey: WireKey.workingDirectory)
        try container.encode(files, forKey: WireKey.files)
        try container.encodeIfPresent(sources, forKey: WireKey.sources)
    }
}
