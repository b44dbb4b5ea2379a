// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import JSONTree
import OCI
import Terminal

/// `wharf images`: the images of the containers of a project.
final class ProjectImagesCommand {
    private let global: GlobalOptions
    private var format = ProjectTable.Format.table
    private var isQuiet = false
    private var services: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("images", summary: "List the images of the containers.", section: ProjectCommands.section) {
            ProjectImagesCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf images
                wharf images -q web           only identifiers
                wharf images --format json
                """,
            options: [
                ProjectTable.option { self.format = $0 },
                .flag("quiet", short: "q", help: "Show only identifiers.") { self.isQuiet = $0 },
            ],
            positionals: [.services(of: global) { self.services.append($0) }],
            run: run
        )
    }

    private func run() throws {
        let scope = try ProjectScope(global)
        let chosen = try scope.services(services)
        let containers = scope.containers(of: chosen, includesStopped: true, includesOneOffs: true)
        if isQuiet {
            var ids: [String] = []
            for id in containers.map(\.imageID) where !ids.contains(id) { ids.append(id) }
            // Without the name of the algorithm, as Docker Compose prints them.
            let digits = ids.map { $0.split(separator: ":").last ?? "" }
            OutputStream.standard.write(digits.map { $0 + "\n" }.joined())
            return
        }
        let images = try Self.images(of: containers, scope.client)
        let rows = containers.map { Row($0, images[$0.imageID]) }
        if format == .json {
            OutputStream.standard.write(JSON.array(rows.map(\.json)).text() + "\n")
        } else {
            let headers = ["CONTAINER", "REPOSITORY", "TAG", "PLATFORM", "IMAGE ID", "SIZE", "CREATED"]
            OutputStream.standard.write(ProjectTable.text(headers, rows.map(\.cells)))
        }
    }

    /// The images by their identifiers; those that are gone are not among them.
    private static func images(
        of containers: [ContainerSummary],
        _ client: EngineClient
    ) throws -> [String: ImageInspection] {
        let ids = Set(containers.map(\.imageID)).sorted()
        var images: [String: ImageInspection] = [:]
        for (id, result) in zip(ids, try Targets.results(of: ids) { try client.inspectImage($0) }) {
            do {
                images[id] = try result.get()
            } catch let error as EngineError where error.code == .notFound {
                continue
            }
        }
        return images
    }

    private struct Row {
        var container: String
        var id: String
        var repository = ""
        var tag = ""
        var image: ImageInspection?

        init(_ container: ContainerSummary, _ image: ImageInspection?) {
            self.container = container.name
            id = container.imageID
            self.image = image
            let tags = image?.repoTags ?? []
            // Of several names, the one that the container was made by.
            let references = tags.compactMap { try? ImageReference($0) }
            let own = try? ImageReference(container.image)
            if let reference = references.first(where: { $0 == own }) ?? references.first {
                (repository, tag) = (reference.familiarName, reference.tag ?? "")
            }
        }

        private var platform: String {
            guard let image else { return "" }
            return [image.os, image.architecture, image.variant].filter { !$0.isEmpty }.joined(separator: "/")
        }

        var cells: [String] {
            let created = image.flatMap { Timestamp($0.created) }.flatMap { $0 == .never ? nil : $0 }
            return [
                container, repository.isEmpty ? "<none>" : repository, tag.isEmpty ? "<none>" : tag, platform,
                id.shortID, image.map { HumanUnits.size($0.size) } ?? "N/A",
                created.map { HumanUnits.ago($0) } ?? "N/A",
            ]
        }

        var json: JSON {
            var members = [
                JSON.Member("ID", .string(id)), JSON.Member("ContainerName", .string(container)),
                JSON.Member("Repository", .string(repository)), JSON.Member("Tag", .string(tag)),
                JSON.Member("Platform", .string(platform)), JSON.Member("Size", .integer(image?.size ?? 0)),
            ]
            if let image, !image.created.isEmpty {
                members.append(JSON.Member("Created", .string(image.created)))
                members.append(JSON.Member("LastTagTime", .string(image.metadata.lastTagTime.description)))
            }
            return .object(members)
        }
    }
}
