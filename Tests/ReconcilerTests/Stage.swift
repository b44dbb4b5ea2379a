// SPDX-License-Identifier: Apache-2.0

import Compose
import Reconciler
import TestSupport
import Testing
import YAML

/// A compose file in a folder of its own, and a world in which plans for it are carried out.
struct Stage {
    let folder: Scratch
    var desired: DesiredProject
    var options = UpOptions()
    /// What is asked for again after each plan that was carried out.
    var standard = UpOptions()
    /// The world, in which every image and every file is there.
    var world = Simulation()

    /// - Parameters:
    ///   - text: The compose file, without the name.
    ///   - profiles: The active profiles.
    /// - Throws: Where the file cannot be written or is not a project.
    init(_ text: String, profiles: [String] = []) throws {
        folder = try Scratch()
        desired = try Self.load(text, profiles, folder)
        provide()
    }

    /// Puts another text in the place of the compose file.
    mutating func edit(_ text: String, profiles: [String] = []) throws {
        desired = try Self.load(text, profiles, folder)
        provide()
    }

    private static func load(_ text: String, _ profiles: [String], _ folder: Scratch) throws -> DesiredProject {
        var request = LoadRequest(currentDirectory: folder.path)
        request.files = [try folder.write("compose.yaml", text)]
        request.projectName = "p"
        request.profiles = profiles
        let result = Loader.load(request)
        let errors = result.diagnostics.filter { $0.severity == .error }.map(\.message)
        #expect(errors == [])
        var project = try #require(result.project)
        project.sources = ProjectSources(tree: try #require(result.tree), map: result.sources)
        var desired = DesiredProject(project)
        desired.serviceHashes = project.services.mapValues(hash)
        desired.networkHashes = project.networks.mapValues(hash)
        desired.volumeHashes = project.volumes.mapValues(hash)
        return desired
    }

    private static func hash(_ object: some ComposeObject) -> String {
        String(decoding: JSONWriter.json(object.node(as: .json), indent: nil), as: UTF8.self)
    }

    /// Has all images, files and external things be there.
    private mutating func provide() {
        let project = desired.project
        for (name, service) in project.services {
            let reference = project.imageName(of: name)
            if world.observed.images[reference] == nil { world.observed.images[reference] = "sha256:\(reference)" }
            for key in service.contentKeys where world.observed.contents[key] == nil {
                world.observed.contents[key] = key.kind == .bind ? .present : .file(digest: "1")
            }
        }
        for (key, network) in project.networks where network.external {
            let name = project.networkName(key)
            world.observed.networks[name] = ObservedNetwork(id: "external-\(name)", name: name)
        }
        for (key, volume) in project.volumes where volume.external {
            let name = project.volumeName(key)
            world.observed.volumes[name] = ObservedVolume(name: name)
        }
    }

    // MARK: Plans

    var plan: Plan { UpPlanner.plan(desired, world.observed(for: desired), options) }

    /// The plan in its text form, paths relative to the folder, each cause with its place.
    var planText: String { text(plan) }

    func text(_ plan: Plan) -> String {
        shorten(plan.description)
    }

    /// A text in which the folder of the project is not named.
    func shorten(_ text: String) -> String { text.replacing("\(folder.path)/", with: "") }

    /// Carries out what there is to do.
    mutating func up(_ change: (inout UpOptions) -> Void = { _ in }) {
        change(&options)
        world.perform(plan, for: desired)
        options = standard
    }

    /// The plan of a command on what is there.
    func life(_ command: LifeCommand, _ change: (inout LifeOptions) -> Void = { _ in }) -> Plan {
        var options = LifeOptions()
        change(&options)
        return LifePlanner.plan(command, desired.project, world.observed(for: desired), options)
    }

    /// The problems of the plan, with places and help.
    var problems: [String] { plan.problems.map(line) }
    var warnings: [String] { plan.warnings.map(line) }

    private func line(_ problem: Problem) -> String {
        let place = problem.location.map { " (\($0.file):\($0.line):\($0.column))" } ?? ""
        return shorten(problem.message + place + (problem.help.map { " — \($0)" } ?? ""))
    }

    /// What a person reads.
    func human(_ plan: Plan) -> String { PlanText(plan, from: folder.path).text }

    /// The lines of what changes, with the reasons.
    var changes: String { PlanText(plan, from: folder.path).changes.joined(separator: "\n") }
}
