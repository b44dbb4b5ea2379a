// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import EngineClient
import Glibc
import Linux
import Terminal

/// The builds of services, those first that others are built from.
struct ServiceBuilds {
    private let global: GlobalOptions
    private let options: BuildOptions
    private let services: ChosenServices

    init(_ global: GlobalOptions, _ options: BuildOptions, _ services: ChosenServices) {
        (self.global, self.options, self.services) = (global, options, services)
    }

    /// Builds them.
    ///
    /// - Throws: ``CommandFailure`` where one of them has failed; the ones behind it are not built.
    func run() throws {
        if services.chosen.isEmpty {
            OutputStream.error.write("No services to build\n")
            return
        }
        let engine = try global.client()
        let registries = try DockerConfiguration().allCredentials()
        var made: [BuildEvent.Image] = []
        for name in try order() {
            guard let service = services.all[name], let build = service.build else { continue }
            var wanted = try request(name, service, build)
            wanted.registries = registries
            let dockerfile =
                build.dockerfileInline == nil ? build.dockerfile ?? "Dockerfile" : "\(name) (dockerfile_inline)"
            let form = options.isQuiet ? BuildDisplay.Form.quiet : options.progress ?? .auto
            let run = ImageBuild(form: form, title: name, dockerfile: dockerfile)
            made.append(try run.image { try engine.build(wanted) })
        }
        if !options.pushes { return }
        let references = try made.flatMap(\.names).map { try ImagePuller.reference($0) }
        try ImagePushes(client: engine, references: references).run(global, isQuiet: options.isQuiet).finish()
    }

    /// The services with those that they are built from before them.
    private func order() throws -> [String] {
        var (order, open): ([String], Set<String>) = ([], [])
        func add(_ name: String, _ path: [String]) throws {
            if order.contains(name) { return }
            guard open.insert(name).inserted else {
                let circle = (path + [name]).joined(separator: " → ")
                throw CommandFailure(message: "services are built from one another in a circle: \(circle)")
            }
            let contexts = services.all[name]?.build?.additionalContexts ?? [:]
            for other in contexts.values.sorted() where other.hasPrefix("service:") {
                try add(String(other.dropFirst("service:".count)), path + [name])
            }
            order.append(name)
        }
        for (name, _) in services.chosen { try add(name, []) }
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
        let image = services.image(of: name, isOld: global.compatibility)
        request.tags = [image] + build.tags.filter { $0 != image }
        request.target = build.target
        request.contexts = build.additionalContexts.mapValues(self.context)
        request.labels = build.labels
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
        let image = services.image(of: String(text.dropFirst("service:".count)), isOld: global.compatibility)
        return "docker-image://" + image
    }

    private func secret(_ reference: FileReference, of service: String) throws -> BuildSecret {
        let key = reference.source ?? ""
        func failure(_ reason: String) -> CommandFailure {
            CommandFailure(message: "service \"\(service)\": the secret `\(key)` of its build \(reason)")
        }
        guard let secret = services.project.secrets[key] else { throw failure("is not defined") }
        let id = reference.target ?? key
        if let content = secret.content { return BuildSecret(id: id, content: HiddenBytes(Array(content.utf8))) }
        if let path = secret.file {
            return BuildSecret(id: id, content: HiddenBytes(try InputFile.read(path, limit: 1 << 20)))
        }
        guard let variable = secret.environment else { throw failure("has neither `file` nor `environment`") }
        guard let value = getenv(variable) else { throw failure("is to come from `\(variable)`, which is not set") }
        return BuildSecret(id: id, content: HiddenBytes(Array(String(cString: value).utf8)))
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
