// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import GoTemplate

extension Listing {
    private static let age = "{{if .CreatedSince}}{{.CreatedSince}}{{else}}N/A{{end}}"

    /// `docker images`.
    static let images = Listing(
        typeName: "*formatter.imageContext",
        headers: [
            "ID": "IMAGE ID", "Repository": "REPOSITORY", "Tag": "TAG", "Digest": "DIGEST", "CreatedSince": "CREATED",
            "CreatedAt": "CREATED AT", "Size": "SIZE", "Containers": "CONTAINERS", "VirtualSize": "SIZE",
            "SharedSize": "SHARED SIZE", "UniqueSize": "UNIQUE SIZE",
        ],
        table: "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t\(age)\t{{.Size}}"
    )

    /// `docker images --digests`.
    static let imagesWithDigests = images.showing(
        "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t\(age)\t{{.Size}}"
    )

    /// `docker history`.
    ///
    /// - Parameter isHuman: Whether ages are shown, and not times.
    /// - Returns: The list.
    static func history(isHuman: Bool) -> Listing {
        Listing(
            typeName: "*formatter.historyContext",
            headers: [
                "ID": "IMAGE", "CreatedSince": "CREATED", "CreatedAt": "CREATED AT", "CreatedBy": "CREATED BY",
                "Size": "SIZE", "Comment": "COMMENT",
            ],
            table: "{{.ID}}\t\(isHuman ? age : "{{.CreatedAt}}")\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}"
        )
    }
}

extension ImageSummary {
    /// The rows of a list: one for each name.
    ///
    /// - Parameters:
    ///   - truncates: Whether identifiers are cut.
    ///   - showsDigests: Whether names by digest have rows of their own.
    ///   - now: The time in seconds since 1970.
    /// - Returns: The rows.
    func rows(truncates: Bool, showsDigests: Bool, now: Int64) -> [Value.Structure] {
        let tags = (repoTags ?? []).filter { $0 != "<none>:<none>" }.map { Self.split($0, at: ":") }
        let digests = (repoDigests ?? []).filter { $0 != "<none>@<none>" }.map { Self.split($0, at: "@") }
        func row(_ repository: String, _ tag: String, _ digest: String) -> Value.Structure {
            self.row(repository, tag, digest, truncates: truncates, now: now)
        }
        if tags.isEmpty, digests.isEmpty { return [row("<none>", "<none>", "<none>")] }
        var repositories: [String] = []
        for (repository, _) in tags + digests where !repositories.contains(repository) {
            repositories.append(repository)
        }
        return repositories.flatMap { repository -> [Value.Structure] in
            let tags = tags.filter { $0.0 == repository }.map(\.1)
            let digests = digests.filter { $0.0 == repository }.map(\.1)
            if tags.isEmpty {
                return showsDigests
                    ? digests.map { row(repository, "<none>", $0) } : [row(repository, "<none>", "")]
            }
            if !showsDigests || digests.isEmpty { return tags.map { row(repository, $0, "<none>") } }
            return tags.flatMap { tag in digests.map { row(repository, tag, $0) } }
        }
    }

    /// The name and what follows the last mark.
    private static func split(_ name: String, at mark: Character) -> (String, String) {
        guard let place = name.lastIndex(of: mark) else { return (name, "<none>") }
        return (String(name[..<place]), String(name[name.index(after: place)...]))
    }

    private func row(
        _ repository: String,
        _ tag: String,
        _ digest: String,
        truncates: Bool,
        now: Int64
    ) -> Value.Structure {
        let unknown = "N/A"
        return Value.Structure([
            ("ID", .string(truncates ? id.shortID : id)),
            ("Repository", .string(repository)),
            ("Tag", .string(tag)),
            ("Digest", .string(digest)),
            ("CreatedSince", .string(HumanUnits.ago(created, now: now))),
            ("CreatedAt", .string(HumanUnits.localTime(created))),
            ("Size", .string(HumanUnits.size(size))),
            ("Containers", .string(containers < 0 ? unknown : String(containers))),
            ("VirtualSize", .string(HumanUnits.size(size, digits: 4))),
            ("SharedSize", .string(sharedSize < 0 ? unknown : HumanUnits.size(sharedSize))),
            ("UniqueSize", .string(sharedSize < 0 ? unknown : HumanUnits.size(size - sharedSize, digits: 4))),
        ])
    }
}

extension ImageHistoryItem {
    /// The row of a history.
    ///
    /// - Parameters:
    ///   - truncates: Whether long texts are cut.
    ///   - isHuman: Whether sizes and times are for people.
    ///   - now: The time in seconds since 1970.
    /// - Returns: The row.
    func row(truncates: Bool, isHuman: Bool, now: Int64) -> Value.Structure {
        let text = String(createdBy.map { $0 == "\t" ? " " : $0 })
        let time = HumanUnits.localTimestamp(created)
        let ago = HumanUnits.ago(created, now: now)
        return Value.Structure([
            ("ID", .string(truncates ? id.shortID : id)),
            ("CreatedAt", .string(time)),
            ("CreatedSince", .string(isHuman ? ago : time)),
            ("CreatedBy", .string(truncates ? text.ellipsis(45) : text)),
            ("Size", .string(isHuman ? HumanUnits.size(size) : String(size))),
            ("Comment", .string(comment)),
        ])
    }
}
