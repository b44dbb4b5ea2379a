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
    let display: BuildDisplay
    /// The variables of the project.
    let environment: [String: String]
    /// How many builds go on at a time.
    let width: Int

    /// How many builds go on at a time where nobody says it.
    private static let usualWidth = 8

    /// - Parameters:
    ///   - project: The project.
    ///   - separator: What stands between the parts of names.
    ///   - options: What is asked of all builds.
    ///   - display: Shows them.
    ///   - environment: The variables of the project.
    ///   - parallelism: How many builds the user wants at a time; nil for no wish.
    init(
        _ project: Project,
        separator: String,
        _ options: BuildOptions,
        _ display: BuildDisplay,
        environment: ProjectEnvironment,
        parallelism: Int?
    ) {
        (self.project, self.separator, self.options, self.display) = (project, separator, options, display)
        self.environment = environment.values.mapValues(\.text)
        let wish = parallelism ?? environment["COMPOSE_PARALLEL_LIMIT"].flatMap { Int($0) } ?? 0
        width = wish > 0 ? wish : Self.usualWidth
    }

    private func service(_ name: String) -> Service? { project.services[name] ?? project.disabledServices[name] }

    /// Builds services, side by side where they do not need each other.
    ///
    /// - Parameters:
    ///   - names: The services; those without a `build` section are left out.
    ///   - engine: The engine.
    ///   - builds: What they can be ended by; nil for nothing.
    /// - Returns: The images.
    /// - Throws: ``CommandFailure`` of the first one that has failed; the others are ended then.
    @discardableResult
    func run(
        _ names: [String],
        _ engine: EngineClient,
        endingBy builds: ParallelBuilds? = nil
    ) throws -> [BuildEvent.Image] {
        let registries = try DockerConfiguration().allCredentials()
        let display = display
        var jobs: [ParallelBuilds.Job] = []
        var named: [String: String] = [:]
        for name in try order(names) {
            guard let service = service(name), let build = service.build else { continue }
            var wanted = try request(name, service, build)
            wanted.registries = registries
            let dockerfile =
                build.dockerfileInline == nil ? build.dockerfile ?? "Dockerfile" : "\(name) (dockerfile_inline)"
            let run = ImageBuild(display: display, title: name, dockerfile: dockerfile)
            var needs = build.neededServices.filter { self.service($0)?.build != nil }
            let image = project.imageName(of: name, separator: separator)
            // Of several that give an image the same name, the last one counts.
            if let other = named.updateValue(name, forKey: image) { needs.append(other) }
            jobs.append(
                ParallelBuilds.Job(name: name, needs: Set(needs)) { [wanted] connection in
                    let before = display.tellsStale ? try engine.findImage(image)?.id : nil
                    let made = try run.image(on: connection) { try engine.build(wanted) }
                    display.showOutcome(of: name, before, made.id)
                    return made
                }
            )
        }
        defer { display.finish() }
        return try (builds ?? ParallelBuilds()).run(jobs, width: width) { display.showEnd(of: $0) }
    }

    /// Which services have to be built before their containers are made.
    enum Choice {
        case all
        /// Those without an image, and those whose image came of a build: it finds out by itself what has changed.
        case stale
        case missing
        case none
    }

    /// The services that have to be built before their containers are made.
    ///
    /// - Parameters:
    ///   - names: The services.
    ///   - choice: Which of them.
    ///   - engine: The engine.
    /// - Returns: Their names, one for each image.
    /// - Throws: The error of the engine.
    func needed(of names: [String], _ choice: Choice, _ engine: EngineClient) throws -> [String] {
        if choice == .none { return [] }
        var (needed, images): ([String], Set<String>) = ([], [])
        for name in names.sorted() {
            guard let service = service(name), service.build != nil else { continue }
            let image = project.imageName(of: name, separator: separator)
            let isWanted = try choice == .all || service.pullPolicy == .build || isDue(image, choice, engine)
            if isWanted, images.insert(image).inserted { needed.append(name) }
        }
        return needed
    }

    private func isDue(_ image: String, _ choice: Choice, _ engine: EngineClient) throws -> Bool {
        if choice != .stale { return try !engine.hasImage(image) }
        guard let found = try engine.findImage(image) else { return true }
        // What was pulled is not ours to replace.
        return found.config?.labels?[ProjectLabel.project] != nil
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
            for other in service(name)?.build?.neededServices ?? [] { try add(other, path + [name]) }
            order.append(name)
        }
        for name in names { try add(name, []) }
        return order
    }

    // MARK: Requests

    private func request(_ name: String, _ service: Service, _ build: Compose.Build) throws -> ImageBuildRequest {
        var request = try options.sent()
        request.arguments = build.args.compactMapValues(\.self).merging(request.arguments) { $1 }
        let context = build.context ?? "."
        request.context = context
        if let text = build.dockerfileInline {
            request.dockerfileText = text
        } else {
            request.dockerfile = build.dockerfile.flatMap { $0 == "Dockerfile" ? nil : $0 }
        }
        let image = project.imageName(of: name, separator: separator)
        request.tags = [image] + build.tags.filter { $0 != image }
        request.target = build.target
        request.contexts = try build.additionalContexts.mapValues(self.context)
        request.labels = build.labels.merging(
            [ProjectLabel.project: project.name, ProjectLabel.service: name],
            uniquingKeysWith: { own, _ in own }
        )
        request.cachesFrom += try build.cacheFrom.map { try cache($0, of: name, isSource: true) }
        request.cachesTo += try build.cacheTo.map { try cache($0, of: name, isSource: false) }
        request.ignoresCache = request.ignoresCache || build.noCache
        request.pulls = request.pulls || build.pull
        request.uncachedStages += build.noCacheFilter
        request.network = build.network
        request.extraHosts = build.extraHosts.sorted { $0.key < $1.key }.flatMap { host, addresses in
            addresses.map { "\(host):\($0)" }
        }
        request.platforms = build.platforms
        request.platform = service.platform ?? build.platforms.first
        try check(request, of: name)
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
            request.agents.merge(own.request.agents) { $1 }
        }
        return request
    }

    private func context(_ text: String) throws -> String {
        guard text.hasPrefix("service:") else { return try BuildOptions.context(text) }
        let image = project.imageName(of: String(text.dropFirst("service:".count)), separator: separator)
        return "docker-image://" + image
    }

    private func cache(_ text: String, of service: String, isSource: Bool) throws -> BuildCacheLocation {
        do {
            return try BuildOptions.cache(text, isSource: isSource)
        } catch let failure as CommandFailure {
            let key = isSource ? "cache_from" : "cache_to"
            throw CommandFailure(message: "service \"\(service)\": `\(key)`: \(failure.message)")
        }
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

    /// Tells of platforms that contradict each other.
    private func check(_ request: ImageBuildRequest, of name: String) throws {
        guard let platform = request.platform, !request.platforms.isEmpty, !request.platforms.contains(platform) else {
            return
        }
        // These words are Docker Compose's.
        throw CommandFailure(
            message: "service \"\(name)\" build.platforms does not support value set by platform: \(platform)"
        )
    }
}

extension Compose.Build {
    /// The services whose images it begins with, or copies from.
    fileprivate var neededServices: [String] {
        additionalContexts.values.sorted().filter { $0.hasPrefix("service:") }
            .map { String($0.dropFirst("service:".count)) }
    }
}
