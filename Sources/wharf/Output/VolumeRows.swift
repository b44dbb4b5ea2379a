// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import GoTemplate

extension Listing {
    /// `docker volume ls`.
    static let volumes = Listing(
        typeName: "*formatter.volumeContext",
        headers: [
            "Driver": "DRIVER", "Scope": "SCOPE", "Availability": "AVAILABILITY", "Mountpoint": "MOUNTPOINT",
            "Labels": "LABELS", "Links": "LINKS", "Size": "SIZE", "Group": "GROUP", "Status": "STATUS",
            "Name": "VOLUME NAME",
        ],
        table: "{{.Driver}}\t{{.Name}}"
    )
}

extension Volume {
    /// The row of a list; what the engine does not count is `N/A`, as with Docker.
    var row: Value.Structure {
        let labels = labels ?? [:]
        let unknown = Value.string("N/A")
        var row = Value.Structure([
            ("Availability", unknown),
            ("Driver", .string(driver)),
            ("Group", unknown),
            ("Labels", .string(labels.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ","))),
            ("Links", usageData.map { .string("\($0.referenceCount)") } ?? unknown),
            ("Mountpoint", .string(mountpoint)),
            ("Name", .string(name)),
            ("Scope", .string(scope)),
            ("Size", usageData.flatMap { $0.size < 0 ? nil : .string(HumanUnits.size($0.size)) } ?? unknown),
            ("Status", unknown),
        ])
        row.methods["Label"] = { .string(labels[$0] ?? "") }
        return row
    }
}
