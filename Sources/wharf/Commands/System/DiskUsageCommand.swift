// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import GoTemplate
import Terminal

/// `wharf system df`: how much room everything takes.
final class DiskUsageCommand {
    private let global: GlobalOptions
    private var format = ""
    private var listsItems = false

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("df", summary: "Show what takes room on the disk.") { DiskUsageCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf system df
                wharf system df -v                    each image, container and volume, and what builds keep
                wharf system df --format '{{.Type}}: {{.Reclaimable}}'
                """,
            options: [
                .value("format", "form", help: "table, json, or a template of Go.") { self.format = $0 },
                .flag("verbose", short: "v", help: "Show each thing that takes room.") { self.listsItems = $0 },
            ],
            run: run
        )
    }

    private static let listing = Listing(
        typeName: "formatter.diskUsageContext",
        headers: [
            "Type": "TYPE", "TotalCount": "TOTAL", "Active": "ACTIVE", "Size": "SIZE", "Reclaimable": "RECLAIMABLE",
        ],
        table: "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}"
    )

    private func run() throws {
        let usage = try global.client().diskUsage()
        if listsItems {
            OutputStream.standard.write(try DiskUsageItems(usage).text(format))
            return
        }
        let rows = [
            Self.row("Images", usage.imageUsage), Self.row("Containers", usage.containerUsage),
            Self.row("Local Volumes", usage.volumeUsage), Self.row("Build Cache", usage.buildCacheUsage),
        ]
        OutputStream.standard.write(try Self.listing.text(rows, format: format))
    }

    private static func row<Item>(_ type: String, _ part: DiskUsage.Summary<Item>?) -> Value.Structure {
        let part = part ?? DiskUsage.Summary()
        var reclaimable = HumanUnits.size(part.reclaimable, digits: 4)
        if part.totalSize > 0 { reclaimable += " (\(part.reclaimable * 100 / part.totalSize)%)" }
        return Value.Structure([
            ("Type", .string(type)),
            ("TotalCount", .string("\(part.totalCount)")),
            ("Active", .string("\(part.activeCount)")),
            ("Size", .string(HumanUnits.size(part.totalSize, digits: 4))),
            ("Reclaimable", .string(reclaimable)),
        ])
    }
}

/// Each thing that takes room, as `docker system df -v` shows it.
private struct DiskUsageItems {
    private static let images = Listing.images.showing(
        "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}"
            + "\t{{.Containers}}"
    )
    private static let containers = Listing.containers.showing(
        "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}"
            + "\t{{.Names}}"
    )
    private static let volumes = Listing.volumes.showing("{{.Name}}\t{{.Links}}\t{{.Size}}")
    private static let builds = Listing(
        typeName: "*formatter.buildCacheContext",
        headers: [
            "ID": "CACHE ID", "CacheType": "CACHE TYPE", "Size": "SIZE", "CreatedSince": "CREATED",
            "LastUsedSince": "LAST USED", "UsageCount": "USAGE", "Shared": "SHARED",
        ],
        table: "{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}"
    )

    private let usage: DiskUsage
    private let imageRows: [Value.Structure]
    private let containerRows: [Value.Structure]
    private let volumeRows: [Value.Structure]
    private let buildRows: [Value.Structure]

    init(_ usage: DiskUsage) {
        let now = HumanUnits.now
        self.usage = usage
        imageRows = (usage.images ?? []).flatMap { $0.rows(truncates: true, showsDigests: false, now: now) }
        containerRows = (usage.containers ?? []).map { container in
            var container = container
            // The image of it is counted already.
            container.sizeRootFS = 0
            return container.row(truncates: true, now: now)
        }
        volumeRows = (usage.volumes ?? []).map(\.row)
        let kept = (usage.buildCache ?? []).map { (item: $0, use: $0.lastUsedAt.flatMap { Timestamp($0) } ?? .never) }
        buildRows = kept.sorted { ($0.use, $0.item.id) < ($1.use, $1.item.id) }.map(\.item.row)
    }

    /// The text for a form: tables of all kinds, or one value with a list for each.
    func text(_ format: String) throws -> String {
        if !["", "table"].contains(format) {
            func list(_ rows: [Value.Structure]) -> Value { .list(rows.map(Value.structure)) }
            let all = Value.Structure([
                ("Images", list(imageRows)), ("Containers", list(containerRows)), ("Volumes", list(volumeRows)),
                ("BuildCache", list(buildRows)),
            ])
            return try Listing(typeName: "formatter.diskUsageContext", headers: [:], table: "")
                .text([all], format: format)
        }
        let kept = HumanUnits.size(usage.buildCacheUsage?.totalSize ?? 0, digits: 4)
        return "Images space usage:\n\n" + (try Self.images.text(imageRows))
            + "\nContainers space usage:\n\n" + (try Self.containers.text(containerRows))
            + "\nLocal Volumes space usage:\n\n" + (try Self.volumes.text(volumeRows))
            + "\nBuild cache usage: \(kept)\n\n" + (try Self.builds.text(buildRows))
    }
}

extension BuildCacheItem {
    /// The row of a list.
    fileprivate var row: Value.Structure {
        func ago(_ text: String) -> Value { .string(Timestamp(text).map { HumanUnits.ago($0) } ?? "") }
        return Value.Structure([
            ("ID", .string(id.shortID)),
            ("CacheType", .string(type)),
            ("Description", .string(description)),
            ("Size", .string(HumanUnits.size(size))),
            ("CreatedSince", ago(createdAt)),
            ("LastUsedSince", ago(lastUsedAt ?? "")),
            ("UsageCount", .string("\(usageCount)")),
            ("InUse", .string("\(isInUse)")),
            ("Shared", .string("\(isShared)")),
        ])
    }
}
