// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import EngineClient
import Linux
import Terminal

/// The builds of services, those first that others are built from.
struct ServiceBuilds {
    let project: Project
    /// What stands between the parts of names.
    let separator: String
    let options: BuildOptions
    let form: BuildDisplay.Form
    /// The variables of the project.
    let environment: [String: String]

    private func service(_ name: String) -> Service? { project.services[name] ?? project.disabledServices[name] }

    /// Builds services.
    ///
    /// - Parameters:
    ///   - names: The services; those without a `build` section are left out.
    ///   - engine: The engine.
    /// - Returns: The images.
    /// - Throws: ``CommandFailure`` where one of them has failed; the ones behind it are not built.
    @discardableResult
    func run(_ names: [String], _ engine: EngineClient) throws -> [BuildEvent.Image] {
        let registries = try DockerConfiguration().allCredentials()
        var made: [BuildEvent.Image] = []
        for name in try order(names) {
            guard let service = service(name), let build = service.build else { continue }
            var wanted = try request(name, service, build)
            wanted.registries = registries
            let dockerfile =
                build.dockerfileInline == nil ? build.dockerfile ?? "Dockerfile" : "\(name) (dockerfile_inline)"
            let run = ImageBuild(form: form, title: name, dockerfile: dockerfile)
            made.append(try run.image { try engine.build(wanted) })
        }
        return made
    }

    /// The services that have to be built before their containers are made.
    ///
    /// - Parameters:
    ///   - names: The services.
    ///   - all: Whether also those whose image is there.
    ///   - engine: The engine.
    /// - Returns: Their names, one for each image.
    /// - Throws: The error of the engine.
    func needed(of names: [String], all: Bool, _ engine: EngineClient) throws -> [String] {
        var (needed, images): ([String], Set<String>) = ([], [])
        for name in names.sorted() {
            guard let service = service(name), service.build != nil else { continue }
            let image = project.imageName(of: name, separator: separator)
            let isWanted = try all || service.pullPolicy == .build || engine.findImage(image) == nil
            if isWanted, images.insert(image).inserted { needed.append(name) }
        }
        return needed
    }

    /// The services with those that they are built from before them.
    private func order(_ names: [String]) throws -> [String] {
        var (order, open): ([String], Set<String>) = ([], [])
        func add(_ name: String, _ path: [String]) throws {
            if order.contains(name) { return }
            guard open.insert(name).inserted else {
                let circle = (path + [name]).joined(separator: " → ")
                throw CommandFailure(message: "services are built from one another in a circle: \(circle)")
            }
            let contexts = service(name)?.build?.additionalContexts ?? [:]
            for other in contexts.values.sorted() where other.hasPrefix("service:") {
                try add(String(other.dropFirst("service:".count)), path + [name])
            }
            order.append(name)
        }
        for name in names { try add(name, []) }
        return order
    }

    // MARK: Requests

    private func request(_ name: String, _ service: Service, _ build: Compose.Build) throws -> ImageBuildRequest {
        try check(name, service, build)
        var request = options.request
        request.arguments = build.args.compactMapValues(\.self).merging(request.arguments) { $1 }
        let context = build.context ?? "."
        guard context.hasPrefix("/") else {
            throw CommandFailure(
                message: "service \"\(name)\": the context `\(context)` is not on this machine, and contexts are not "
                    + "fetched yet"
            )
        }
        request.context = context
        if let text = build.dockerfileInline {
            request.dockerfileText = text
        } else {
            request.dockerfile = build.dockerfile.flatMap { $0 == "Dockerfile" ? nil : $0 }
        }
        let image = project.imageName(of: name, separator: separator)
        request.tags = [image] + build.tags.filter { $0 != image }
        request.target = build.target
        request.contexts = build.additionalContexts.mapValues(self.context)
        request.labels = build.labels.merging(
            [ProjectLabel.project: project.name, ProjectLabel.service: name],
            uniquingKeysWith: { own, _ in own }
        )
        request.ignoresCache = request.ignoresCache || build.noCache
        request.pulls = request.pulls || build.pull
        request.uncachedStages += build.noCacheFilter
        request.network = build.network
        request.extraHosts = build.extraHosts.sorted { $0.key < $1.key }.flatMap { host, addresses in
            addresses.map { "\(host):\($0)" }
        }
        request.platform = service.platform ?? build.platforms.first
        request.sharedMemory = build.shmSize.map { Int64(clamping: $0.bytes) }
        request.limits = build.ulimits.sorted { $0.key < $1.key }.map { name, limit in
            var result = EngineAPI.Ulimit()
            (result.name, result.soft, result.hard) = (name, Int64(limit.soft), Int64(limit.hard))
            return result
        }
        request.allowed += build.entitlements + (build.privileged ? ["security.insecure"] : [])
        for reference in build.secrets { request.secrets.append(try secret(reference, of: name)) }
        for key in build.ssh where request.agents[key.id] == nil {
            var own = BuildOptions()
            do {
                try own.addAgent(key.path.map { "\(key.id)=\($0)" } ?? key.id)
            } catch {
                throw CommandFailure(
                    message: "service \"\(name)\": `ssh: \(key.id)` needs an agent, and SSH_AUTH_SOCK is not set"
                )
            }
            request.agents.merge(own.agents) { $1 }
        }
        return request
    }

    private func context(_ text: String) -> String {
        guard text.hasPrefix("service:") else { return BuildOptions.context(text) }
        let image = project.imageName(of: String(text.dropFirst("service:".count)), separator: separator)
        return "docker-image://" + image
    }

    private func secret(_ reference: FileReference, of service: String) throws -> BuildSecret {
        let key = reference.source ?? ""
        func failure(_ reason: String) -> CommandFailure {
            CommandFailure(message: "service \"\(service)\": the secret `\(key)` of its build \(reason)")
        }
        guard let secret = project.secrets[key] else { throw failure("is not defined") }
        let id = reference.target ?? key
        if let content = secret.content { return BuildSecret(id: id, content: HiddenBytes(Array(content.utf8))) }
        if let path = secret.file {
            return BuildSecret(id: id, content: HiddenBytes(try InputFile.read(path, limit: 1 << 20)))
        }
        guard let variable = secret.environment else { throw failure("has neither `file` nor `environment`") }
        guard let value = environment[variable] else {
            throw failure("is to come from `\(variable)`, which is not set")
        }
        return BuildSecret(id: id, content: HiddenBytes(Array(value.utf8)))
    }

    /// Tells of keys that cannot be done as they ask for.
    private func check(_ name: String, _ service: Service, _ build: Compose.Build) throws {
        if build.platforms.count > 1 {
            throw CommandFailure(
                message: "service \"\(name)\": `platforms` has \(build.platforms.count), and an image for several of "
                    + "them is not built yet; name one"
            )
        }
        var ignored: [String] = []
        if !build.cacheFrom.isEmpty { ignored.append("cache_from") }
        if !build.cacheTo.isEmpty { ignored.append("cache_to") }
        for key in ignored {
            OutputStream.error.write("warning: service \"\(name)\": `build.\(key)` is not done yet\n")
        }
    }
}
