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
    static let sizedContainers = Listing(
        typeName: containers.typeName,
        headers: containers.headers,
        table: containerTable + "\t{{.Size}}"
    )

    private static let containerTable =
        "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"
}

extension ContainerSummary {
    /// The row of a list.
    ///
    /// - Parameters:
    ///   - truncates: Whether long texts are cut.
    ///   - now: The time in seconds since 1970.
    /// - Returns: The row.
    func row(truncates: Bool, now: Int64) -> Value.Structure {
        let mounts = mounts.map { mount in
            let name = mount.name.isEmpty ? mount.source : mount.name
            return truncates ? name.ellipsis(15) : name
        }
        let command = truncates ? command.ellipsis(20) : command
        var row = Value.Structure([
            ("ID", .string(truncates ? id.shortID : id)),
            ("Names", .string(shownNames(truncates: truncates))),
            ("Image", .string(truncates ? shortImage : image.isEmpty ? "<no image>" : image)),
            ("Command", .string(command.goQuoted)),
            ("CreatedAt", .string(HumanUnits.localTime(created))),
            ("RunningFor", .string(HumanUnits.ago(created, now: now))),
            ("Ports", .string(PortText.text(ports))),
            ("State", .string(state.rawValue)),
            ("Status", .string(status)),
            ("Size", .string(sizeText)),
            ("Labels", .string(labels.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ","))),
            ("Mounts", .string(mounts.joined(separator: ","))),
            ("LocalVolumes", .string(String(self.mounts.count { $0.driver == "local" }))),
            ("Networks", .string(networkSettings.networks.keys.sorted().joined(separator: ","))),
            // The engine does not tell it.
            ("Platform", .null(.pointer)),
        ])
        let labels = labels
        row.methods["Label"] = { .string(labels[$0] ?? "") }
        return row
    }

    private func shownNames(truncates: Bool) -> String {
        let names = names.map { $0.hasPrefix("/") ? String($0.dropFirst()) : $0 }
        // What has a slash inside is the name that a link gave.
        return names.filter { !truncates || !$0.contains("/") }.joined(separator: ",")
    }

    private var shortImage: String {
        if image.isEmpty { return "<no image>" }
        if image.shortID == imageID.shortID, !imageID.isEmpty { return image.shortID }
        guard let reference = try? ImageReference(image), image.contains("@") || image.contains("/") else {
            return image
        }
        return reference.familiarName + (reference.tag.map { ":\($0)" } ?? "")
    }

    private var sizeText: String {
        let own = HumanUnits.size(sizeRw)
        return sizeRootFS > 0 ? "\(own) (virtual \(HumanUnits.size(sizeRootFS)))" : own
    }
}
