// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import EngineClient
import OCI
import Reconciler
import Terminal

/// The images of a project that are pulled before anything else is done.
struct ProjectPulls {
    /// One image, and who needs it.
    struct Pull: Sendable {
        var reference: OCI.ImageReference
        /// The image as services name it.
        var names: Set<String> = []
        var platform: String?
        var services: [String]
        /// Whether it can be built where it cannot be pulled.
        var isBuildable = false

        /// What went wrong with it, with its name.
        func failure(_ error: any Error) -> any Error {
            var failure = CommandFailure(of: error, isRun: false)
            let name = reference.familiar
            if !failure.message.contains(name) { failure.message = "cannot pull \(name): \(failure.message)" }
            return failure
        }
    }

    let client: EngineClient
    let wanted: WantedProject
    private(set) var pulls: [Pull] = []

    /// Finds out which images have to be pulled.
    ///
    /// - Parameters:
    ///   - client: The engine.
    ///   - wanted: The project.
    ///   - services: The services that need their images.
    ///   - policy: When to pull, in place of what the services say.
    /// - Throws: ``CommandFailure`` for a policy or a name that cannot be read, or the error of the engine.
    init(
        _ client: EngineClient,
        _ wanted: WantedProject,
        services: some Sequence<String>,
        policy: PullPolicy?
    ) throws {
        self.client = client
        self.wanted = wanted
        var candidates: [String: (moment: PullMoment, pull: Pull)] = [:]
        // Many services may be of one image.
        var references: [String: OCI.ImageReference] = [:]
        let all = Set(services).sorted().compactMap { name in wanted.project.services[name].map { (name, $0) } }
        let built = Set(all.compactMap { $1.build == nil ? nil : $1.image?.rawValue })
        for (name, service) in all {
            guard let image = service.image?.rawValue else { continue }
            // What one service builds is not pulled for another one, unless somebody says so.
            if policy == nil, service.pullPolicy == nil, built.contains(image) { continue }
            guard let moment = try PullMoment(of: service, named: name, policy) else { continue }
            let reference = try references[image] ?? ImagePuller.reference(image)
            references[image] = reference
            let key = "\(reference) \(service.platform ?? "")"
            if candidates[key] == nil {
                let pull = Pull(reference: reference, platform: service.platform, services: [])
                candidates[key] = (moment, pull)
            }
            candidates[key]?.pull.names.insert(image)
            candidates[key]?.pull.services.append(name)
            if service.build != nil { candidates[key]?.pull.isBuildable = true }
            candidates[key]?.moment.merge(moment)
        }
        let sorted = candidates.sorted { $0.key < $1.key }.map(\.value)
        let due = try Targets.results(of: sorted) { [client] candidate in
            try candidate.moment.isDue(candidate.pull.reference.description, client)
        }
        for (candidate, isDue) in zip(sorted, due) where try isDue.get() { pulls.append(candidate.pull) }
    }

    /// The images as the project names them.
    var images: [String] { pulls.flatMap(\.names).sorted() }

    /// Says which images would be pulled.
    func announce() {
        for image in images { OutputStream.error.write("DRY-RUN MODE -  Image \(image) Pulling\n") }
    }

    /// Pulls all of them, several at a time.
    ///
    /// - Parameters:
    ///   - global: How it is shown.
    ///   - isQuiet: Whether it is not shown at all.
    ///   - ignoresFailures: Whether a failure is told and is none of the whole.
    /// - Throws: ``CommandFailure`` where one failed; the others were pulled.
    func run(_ global: GlobalOptions, isQuiet: Bool, ignoresFailures: Bool = false) throws {
        if pulls.isEmpty { return }
        let puller = try ImagePuller(client)
        let work = try ProjectWork(global, title: "Pulling", environment: wanted.environment, isQuiet: isQuiet)
        let progress = work.progress
        let width = global.parallel ?? wanted.environment["COMPOSE_PARALLEL_LIMIT"].flatMap { Int($0) } ?? 0
        let results: [Result<Void, any Error>]
        do {
            defer { progress.finish() }
            results = try Targets.results(of: pulls, width: width > 0 ? width : 8) { pull in
                let transfer = ImageTransfer(image: pull.reference.familiar, words: .pull, progress: progress)
                try transfer.follow { try puller.pull(pull.reference, platform: pull.platform) }
            }
        }
        var failures = Failures()
        // What cannot be pulled is built, as Docker Compose does it.
        for (pull, result) in zip(pulls, results) where ignoresFailures || !pull.isBuildable {
            failures.collect { try result.mapError(pull.failure).get() }
        }
        if !ignoresFailures { try failures.finish() }
    }
}

/// When the image of a service is pulled.
struct PullMoment: Equatable {
    /// Whether it is pulled in any case.
    private(set) var isAlways = false
    /// How old it may become, in seconds; nil for as old as it likes.
    private(set) var age: Int64?

    private static let units: [Character: Int64] = ["w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1]

    /// Reads the policy of a service; nil comes back where its image is never pulled.
    ///
    /// - Parameters:
    ///   - service: The service.
    ///   - name: Its name, for the error.
    ///   - policy: The policy in place of the service's own.
    /// - Throws: ``CommandFailure`` for a policy that there is not.
    init?(of service: Service, named name: String, _ policy: PullPolicy?) throws {
        guard let chosen = policy ?? service.pullPolicy ?? (service.build == nil ? .missing : nil) else { return nil }
        switch chosen {
        case .always: isAlways = true
        case .missing, .ifNotPresent: break
        case .never, .build: return nil
        case .daily: age = Self.units["d"]
        case .weekly: age = Self.units["w"]
        default:
            guard chosen.rawValue.hasPrefix("every_"), let seconds = Self.seconds(chosen.rawValue.dropFirst(6)) else {
                throw CommandFailure(
                    message:
                        "the `pull_policy` `\(chosen.rawValue)` of the service `\(name)` is none of always, never, "
                        + "missing, build, daily, weekly and every_ with a duration such as every_12h"
                )
            }
            age = seconds
        }
    }

    /// Reads `1w2d12h`.
    private static func seconds(_ text: Substring) -> Int64? {
        var (total, number): (Int64, Int64?) = (0, nil)
        for character in text {
            if let digit = character.wholeNumberValue, character.isASCII {
                guard let next = Self.append(digit, to: number ?? 0) else { return nil }
                number = next
            } else if let unit = units[character], let count = number {
                let (part, overflows) = count.multipliedReportingOverflow(by: unit)
                let (sum, isTooMuch) = total.addingReportingOverflow(part)
                if overflows || isTooMuch { return nil }
                (total, number) = (sum, nil)
            } else {
                return nil
            }
        }
        return number == nil && !text.isEmpty ? total : nil
    }

    private static func append(_ digit: Int, to number: Int64) -> Int64? {
        let (tens, overflows) = number.multipliedReportingOverflow(by: 10)
        let (next, isTooMuch) = tens.addingReportingOverflow(Int64(digit))
        return overflows || isTooMuch ? nil : next
    }

    /// Takes in what another service wants of the same image.
    mutating func merge(_ other: Self) {
        isAlways = isAlways || other.isAlways
        if let theirs = other.age { age = min(age ?? theirs, theirs) }
    }

    /// Whether an image is to be pulled now.
    ///
    /// - Parameters:
    ///   - image: Its name.
    ///   - client: The engine.
    /// - Returns: The answer.
    /// - Throws: The error of the engine.
    func isDue(_ image: String, _ client: EngineClient) throws -> Bool {
        if isAlways { return true }
        if age == nil { return try !client.hasImage(image) }
        return isDue(tagged: try client.findImage(image)?.metadata.lastTagTime)
    }

    /// Whether the image is to be pulled now.
    ///
    /// - Parameters:
    ///   - tagged: When the image got its name; nil where it is not here.
    ///   - now: The time.
    /// - Returns: The answer.
    func isDue(tagged: Timestamp?, now: Int64 = HumanUnits.now) -> Bool {
        guard let tagged else { return true }
        if isAlways { return true }
        return age.map { tagged.seconds + $0 <= now } ?? false
    }
}

extension WantedProject {
    /// The services that a command takes in.
    func taken(includingDependencies: Bool) -> Set<String> {
        let graph = DependencyGraph(project.services)
        let named = services.isEmpty ? Set(graph.services) : Set(services)
        return includingDependencies ? graph.closure(of: named) : named
    }
}
