// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import GoTemplate
import OCI

extension Listing {
    /// `docker ps`.
    static let containers = Listing(
        typeName: "*formatter.ContainerContext",
        headers: [
            "ID": "CONTAINER ID", "Names": "NAMES", "Image": "IMAGE", "Command": "COMMAND", "CreatedAt": "CREATED AT",
            "RunningFor": "CREATED", "Ports": "PORTS", "State": "STATE", "Status": "STATUS", "Size": "SIZE",
            "Labels": "LABELS", "Mounts": "MOUNTS", "LocalVolumes": "LOCAL VOLUMES", "Networks": "NETWORKS",
            "Platform": "PLATFORM",
        ],
        table: containerTable
    )

    /// `docker ps -s`.
    static let sizedContainers = containers.showing(containerTable + "\t{{.Size}}")

    private static let containerTable =
        "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"
}

extension ContainerSummary {
    /// The row of a list.
    ///
    /// - Parameters:
    ///   - truncates: Whether long texts are cut.
    ///   - now: The time in seconds since 1970.
    ///   - fields: The fields that are shown; nil for all.
    /// - Returns: The row.
    func row(truncates: Bool, now: Int64, fields: Set<String>? = nil) -> Value.Structure {
        var row = Value.Structure([])
        func add(_ name: String, _ text: @autoclosure () -> String) {
            if fields?.contains(name) ?? true { row.fields.append((name, .string(text()))) }
        }
        add("ID", truncates ? id.shortID : id)
        add("Names", shownNames(truncates: truncates))
        add("Image", truncates ? shortImage : image.isEmpty ? "<no image>" : image)
        add("Command", (truncates ? command.ellipsis(20) : command).goQuoted)
        add("CreatedAt", HumanUnits.localTime(created))
        add("RunningFor", HumanUnits.ago(created, now: now))
        add("Ports", PortText.text(ports))
        add("State", state.rawValue)
        add("Status", status)
        add("Size", sizeText)
        add("Labels", labels.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ","))
        add("Mounts", shownMounts(truncates: truncates))
        add("LocalVolumes", String(mounts.count { $0.driver == "local" }))
        add("Networks", networkSettings.networks.keys.sorted().joined(separator: ","))
        // The engine does not tell it.
        row.fields.append(("Platform", .null(.pointer)))
        let labels = labels
        row.methods["Label"] = { .string(labels[$0] ?? "") }
        return row
    }

    private func shownMounts(truncates: Bool) -> String {
        let names = mounts.map { $0.name.isEmpty ? $0.source : $0.name }
        return names.map { truncates ? $0.ellipsis(15) : $0 }.joined(separator: ",")
    }

    private func shownNames(truncates: Bool) -> String {
        let names = names.map { $0.hasPrefix("/") ? String($0.dropFirst()) : $0 }
        // What has a slash inside is the name that a link gave.
        return names.filter { !truncates || !$0.contains("/") }.joined(separator: ",")
    }

    private var shortImage: String {
        if image.isEmpty { return "<no image>" }
        if image.shortID == imageID.shortID, !imageID.isEmpty { return image.shortID }
        guard image.utf8.contains(where: { $0 == UInt8(ascii: "@") || $0 == UInt8(ascii: "/") }),
            let reference = try? ImageReference(image)
        else { return image }
        return reference.familiarName + (reference.tag.map { ":\($0)" } ?? "")
    }

    private var sizeText: String {
        let own = HumanUnits.size(sizeRw)
        return sizeRootFS > 0 ? "\(own) (virtual \(HumanUnits.size(sizeRootFS)))" : own
    }
}
