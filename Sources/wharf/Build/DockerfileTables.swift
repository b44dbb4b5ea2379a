// SPDX-License-Identifier: Apache-2.0

import Build

/// What a Dockerfile can be given and built to, in columns, as Docker prints it.
enum DockerfileTables {
    private static let writer = TabWriter(minimumWidth: 0, padding: 4)

    /// What a build can be given.
    static func outline(_ file: ServiceDockerfile) -> String {
        let parameters = file.plan.parameters
        var parts: [String] = []
        if let stage = file.plan.target.map({ file.plan.stages[$0] }) {
            var lines = "TARGET:\t\(stage.name ?? "stage-\(stage.index)")\n"
            if let description = stage.description { lines += "DESCRIPTION:\t\(description)\n" }
            parts.append(lines)
        }
        let arguments = parameters.arguments.map { "\($0.name)\t\($0.value ?? "")\t\($0.description ?? "")\n" }
        if !arguments.isEmpty { parts.append("BUILD ARG\tVALUE\tDESCRIPTION\n" + arguments.joined()) }
        for (title, list) in [("SECRET", parameters.secrets), ("SSH", parameters.agents)] where !list.isEmpty {
            parts.append("\(title)\tREQUIRED\n" + list.map { "\($0.id)\t\($0.isRequired)\n" }.joined())
        }
        if !parameters.caches.isEmpty {
            parts.append("CACHE MOUNT\n" + parameters.caches.map { "\($0.id)\n" }.joined())
        }
        return parts.map { writer.aligned($0.printable) }.joined(separator: "\n")
    }

    /// The stages that can be built.
    static func targets(_ file: ServiceDockerfile) -> String {
        let rows = file.plan.stages.map { stage in
            let isDefault = stage.index == file.plan.stages.count - 1
            let name = (stage.name ?? "stage-\(stage.index)") + (isDefault ? " (default)" : "")
            return "\(name)\t\(stage.baseName)\t\(stage.description ?? "")\n"
        }
        return writer.aligned(("TARGET\tBASE\tDESCRIPTION\n" + rows.joined()).printable)
    }
}

extension String {
    /// Without what a terminal would obey; tabs and line breaks are those of the table.
    fileprivate var printable: String {
        var view = UnicodeScalarView()
        for scalar in unicodeScalars {
            let isControl = scalar.properties.generalCategory == .control && scalar != "\t" && scalar != "\n"
            view.append(isControl ? "\u{FFFD}" : scalar)
        }
        return String(view)
    }
}
