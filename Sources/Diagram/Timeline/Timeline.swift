// SPDX-License-Identifier: Apache-2.0

/// When the containers of a project were made, started and ready, and which chain of dependencies took longest.
///
/// All times of it are nanoseconds since it begins.
package struct Timeline: Equatable, Sendable {
    /// Something that happened to a container.
    package struct Record: Equatable, Sendable {
        package enum Kind: Equatable, Sendable {
            case created
            case started
            case healthy
            case ended(status: Int)
        }

        /// The identifier of the container.
        package var container: String
        package var service: String
        /// Which of the containers of the service it is, from 1.
        package var number: Int
        package var kind: Kind
        /// Nanoseconds since 1970.
        package var time: Int64

        package init(_ kind: Kind, _ service: String, _ number: Int = 1, container: String, at time: Int64) {
            self.kind = kind
            self.service = service
            self.number = number
            self.container = container
            self.time = time
        }
    }

    /// The end of a container's first run.
    package struct End: Equatable, Sendable {
        package var time: Int64
        package var status: Int
    }

    /// The beginning of the life of one container.
    package struct Bar: Equatable, Sendable {
        package var service: String
        package var number: Int
        /// The name that is shown: that of the service, with the number where there are several containers.
        package var name: String
        package var container: String
        package fileprivate(set) var created: Int64?
        package fileprivate(set) var started: Int64?
        package fileprivate(set) var healthy: Int64?
        package fileprivate(set) var ended: End?
        /// How often it was started again.
        package fileprivate(set) var restarts = 0
        /// What makes it ready: what others wait for, or else that it is healthy, or just started.
        package fileprivate(set) var goal = ServiceGraph.Condition.started
        /// Whether it belongs to the longest chain.
        package fileprivate(set) var isCritical = false

        /// When what others wait for has come about; nil where it has not.
        package func time(of condition: ServiceGraph.Condition) -> Int64? {
            switch condition {
            case .started, .other: started
            case .healthy: healthy
            case .completed: ended?.time
            }
        }

        /// When it was ready; nil where it is not.
        package var ready: Int64? { time(of: goal) }
    }

    /// A link of the longest chain: from when on nothing but this container was waited for, and until when.
    package struct Step: Equatable, Sendable {
        /// Its place in ``Timeline/bars``.
        package var bar: Int
        /// What was waited for.
        package var condition: ServiceGraph.Condition
        package var begin: Int64
        package var end: Int64
    }

    /// A service that has not been started, because another one is not as it has to be.
    package struct Blockage: Equatable, Sendable {
        package var service: String
        package var dependency: String
        package var condition: ServiceGraph.Condition
    }

    package let project: String
    /// When it begins, in nanoseconds since 1970.
    package let origin: Int64
    /// In the order of their starts.
    package private(set) var bars: [Bar]
    /// When everything that was started was ready.
    package private(set) var length: Int64
    /// The chain whose last link was ready last, in the order of time.
    package private(set) var path: [Step] = []
    package private(set) var blockages: [Blockage] = []

    /// Computes the timeline of a start.
    ///
    /// Of containers that are started more than once the first run counts, of containers that were replaced the last one.
    ///
    /// - Parameters:
    ///   - project: The name of the project.
    ///   - records: What happened, in any order.
    ///   - dependencies: What services wait for.
    ///   - begin: When it begins, in nanoseconds since 1970; what happened before does not count. Nil begins with the first
    ///     record.
    package init(
        project: String,
        records: [Record],
        dependencies: [ServiceGraph.Dependency],
        begin: Int64? = nil
    ) {
        let counted = records.filter { $0.time >= begin ?? .min }
        self.project = project
        origin = begin ?? counted.map(\.time).min() ?? 0
        bars = []
        length = 0
        bars = Self.bars(counted, origin: origin)
        for index in bars.indices {
            let waiting = dependencies.filter { $0.to == bars[index].service }.map(\.condition)
            if waiting.contains(.completed) {
                bars[index].goal = .completed
            } else if bars[index].healthy != nil || waiting.contains(.healthy) {
                bars[index].goal = .healthy
            }
        }
        length = bars.flatMap { [$0.created, $0.started, $0.ready].compactMap(\.self) }.max() ?? 0
        findPath(dependencies)
        findBlockages(dependencies)
    }

    private static func bars(_ records: [Record], origin: Int64) -> [Bar] {
        var found: [String: Bar] = [:]
        for record in records.sorted(by: { $0.time < $1.time }) {
            let (service, number, container) = (record.service, record.number, record.container)
            var bar =
                found[container] ?? Bar(service: service, number: number, name: service, container: container)
            let time = record.time - origin
            switch record.kind {
            case .created: bar.created = bar.created ?? time
            case .started:
                if bar.started != nil { bar.restarts += 1 }
                bar.started = bar.started ?? time
            case .healthy: bar.healthy = bar.healthy ?? time
            case .ended(let status):
                // An end without a start is that of a container which was there before.
                if bar.started != nil, bar.ended == nil { bar.ended = End(time: time, status: status) }
            }
            found[record.container] = bar
        }
        // The latest of those that took each other's place.
        var latest: [String: Bar] = [:]
        for bar in found.values.sorted(by: { $0.container < $1.container }) {
            guard let time = bar.created ?? bar.started else { continue }
            let key = "\(bar.service)\u{0}\(bar.number)"
            if let other = latest[key], other.created ?? other.started ?? 0 >= time { continue }
            latest[key] = bar
        }
        let counts = Dictionary(latest.values.map { ($0.service, 1) }, uniquingKeysWith: +)
        return latest.values.map { bar in
            var bar = bar
            if counts[bar.service] ?? 1 > 1 { bar.name += "-\(bar.number)" }
            return bar
        }.sorted { one, other in
            let times = (one.started ?? .max, other.started ?? .max)
            let made = (one.created ?? .min, other.created ?? .min)
            return (times.0, made.0, one.service, one.number) < (times.1, made.1, other.service, other.number)
        }
    }

    // MARK: The longest chain

    /// The container of a service that was the last one to be as it has to be, and when; nil where one is not.
    private func release(_ service: String, _ condition: ServiceGraph.Condition) -> (bar: Int, time: Int64)? {
        var last: (bar: Int, time: Int64)?
        for (index, bar) in bars.enumerated() where bar.service == service {
            guard let time = bar.time(of: condition) else { return nil }
            if last.map({ $0.time < time }) ?? true { last = (index, time) }
        }
        return last
    }

    private mutating func findPath(_ dependencies: [ServiceGraph.Dependency]) {
        let finished = bars.indices.compactMap { index in bars[index].ready.map { (bar: index, time: $0) } }
        // Of those ready at the same time the one that was started last.
        guard let last = finished.max(by: { ($0.time, $0.bar) < ($1.time, $1.bar) }) else { return }
        var (bar, condition, end) = (last.bar, bars[last.bar].goal, last.time)
        var seen: Set<Int> = []
        while seen.insert(bar).inserted {
            bars[bar].isCritical = true
            let started = bars[bar].started ?? end
            let causes = dependencies.filter { $0.from == bars[bar].service }.compactMap { dependency in
                release(dependency.to, dependency.condition).map { ($0.bar, dependency.condition, $0.time) }
            }
            // What comes about after the start was not waited for.
            guard let cause = causes.filter({ $0.2 <= started }).max(by: { ($0.2, $0.0) < ($1.2, $1.0) }) else {
                path.append(Step(bar: bar, condition: condition, begin: 0, end: end))
                break
            }
            path.append(Step(bar: bar, condition: condition, begin: cause.2, end: end))
            (bar, condition, end) = cause
        }
        path.reverse()
    }

    private mutating func findBlockages(_ dependencies: [ServiceGraph.Dependency]) {
        var seen: Set<String> = []
        for bar in bars where bar.started == nil && seen.insert(bar.service).inserted {
            for dependency in dependencies where dependency.from == bar.service {
                guard bars.contains(where: { $0.service == dependency.to }),
                    release(dependency.to, dependency.condition) == nil
                else { continue }
                blockages.append(
                    Blockage(service: bar.service, dependency: dependency.to, condition: dependency.condition)
                )
            }
        }
    }
}

// MARK: - Words

extension Timeline {
    /// How long the start took, and what took longest, in a sentence; one more for each service that waits in vain.
    package var summary: String {
        var sentences: [String] = []
        if let last = path.last {
            let links = path.map { step in
                "\(bars[step.bar].name) (\(Self.seconds(step.end - step.begin)) until \(step.condition.label))"
            }
            let start = "Ready after \(Self.seconds(last.end))"
            sentences.append(
                links.count == 1
                    ? "\(start), and nothing else was waited for: the last was \(links[0])."
                    : "\(start); the longest chain is \(links.joined(separator: " → "))."
            )
        }
        for blockage in blockages {
            sentences.append(
                "\(blockage.service) has not started: it waits for \(blockage.dependency) to be \(blockage.condition.label)."
            )
        }
        return sentences.joined(separator: " ")
    }

    /// How far a container has come: `healthy 3.12s`.
    func remark(_ bar: Bar) -> String {
        let again = bar.restarts > 0 ? ", \(bar.restarts)× again" : ""
        if let end = bar.ended { return "exited (\(end.status)) \(Self.seconds(end.time))\(again)" }
        if let healthy = bar.healthy { return "healthy \(Self.seconds(healthy))\(again)" }
        if let started = bar.started {
            return (bar.goal == .healthy ? "not healthy" : "started \(Self.seconds(started))") + again
        }
        return "not started"
    }

    /// A length of time: `3.12s`, `12.5s`, `2m05s`.
    static func seconds(_ nanoseconds: Int64) -> String {
        let hundredths = (max(0, nanoseconds) + 5_000_000) / 10_000_000
        func padded(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        if hundredths < 1000 { return "\(hundredths / 100).\(padded(hundredths % 100))s" }
        let tenths = (hundredths + 5) / 10
        if tenths < 600 { return "\(tenths / 10).\(tenths % 10)s" }
        let whole = (hundredths + 50) / 100
        return "\(whole / 60)m\(padded(whole % 60))s"
    }

    /// The part of a bar between two moments, and how it is drawn.
    struct Segment: Equatable {
        enum Kind: String {
            /// It is there, and waits for others.
            case created
            /// It runs, and others still wait for it.
            case starting
            /// It runs, and nobody has to wait for it.
            case ready
        }

        var kind: Kind
        var begin: Int64
        var end: Int64
    }

    /// The parts of a bar up to the end of the timeline.
    func segments(_ bar: Bar) -> [Segment] {
        let stop = min(bar.ended?.time ?? length, length)
        var segments: [Segment] = []
        if let created = bar.created {
            segments.append(Segment(kind: .created, begin: created, end: bar.started ?? stop))
        }
        guard let started = bar.started else { return segments }
        let ready = bar.goal == .started ? started : bar.ready.map { min($0, stop) } ?? stop
        if ready > started { segments.append(Segment(kind: .starting, begin: started, end: ready)) }
        if stop > ready || ready == started { segments.append(Segment(kind: .ready, begin: ready, end: stop)) }
        return segments
    }

    /// The distance of the marks of a scale: 1, 2 or 5 of a power of ten, at least a millisecond.
    ///
    /// - Parameter count: How many marks there may be.
    /// - Returns: The distance in nanoseconds.
    func tick(atMost count: Int) -> Int64 {
        var unit: Int64 = 1_000_000
        while true {
            for factor: Int64 in [1, 2, 5] where length / (unit * factor) < Int64(max(1, count)) {
                return unit * factor
            }
            unit *= 10
        }
    }

    /// The words of a mark: `0`, `0.5s`, `20s`.
    static func mark(_ nanoseconds: Int64) -> String {
        if nanoseconds == 0 { return "0s" }
        let milliseconds = nanoseconds / 1_000_000
        if milliseconds % 1000 == 0 { return "\(milliseconds / 1000)s" }
        if milliseconds < 1000 { return "\(milliseconds)ms" }
        var digits = "\(1000 + milliseconds % 1000)".dropFirst()
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(milliseconds / 1000).\(digits)s"
    }
}
