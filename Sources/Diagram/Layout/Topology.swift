// SPDX-License-Identifier: Apache-2.0

/// The look of an arrow, and with it what may share a line.
struct EdgeStyle: Hashable {
    enum Tone: Int, Hashable {
        case started
        case healthy
        case completed
        case other
        case cyclic
    }

    var tone: Tone
    var isOptional: Bool
    var isImplied: Bool

    init(_ dependency: ServiceGraph.Dependency, isCyclic: Bool) {
        if isCyclic {
            tone = .cyclic
        } else {
            switch dependency.condition {
            case .started: tone = .started
            case .healthy: tone = .healthy
            case .completed: tone = .completed
            case .other: tone = .other
            }
        }
        isOptional = !dependency.isRequired
        isImplied = dependency.isImplied
    }

    /// A number that orders styles.
    var rank: Int {
        tone.rawValue * 4 + (isOptional ? 2 : 0) + (isImplied ? 1 : 0)
    }
}

/// A dependency between two services by index, turned round where it would close a cycle.
struct Arc {
    var from: Int
    var to: Int
    /// The index in ``ServiceGraph/dependencies``.
    var dependency: Int
    var style: EdgeStyle
    var isReversed = false
}

/// The graph by index and without cycles.
///
/// Dependencies that name no service are left out, and of several between the same two services the first stays.
struct Topology {
    let count: Int
    private(set) var arcs: [Arc] = []
    /// The services that depend on themselves.
    private(set) var loops: [Int] = []
    /// Arcs by the service that they leave, after turning.
    private(set) var outgoing: [[Int]]
    /// Arcs by the service that they reach, after turning.
    private(set) var incoming: [[Int]]

    private struct Pair: Hashable {
        var from: Int
        var to: Int
    }

    init(_ graph: ServiceGraph) {
        count = graph.services.count
        outgoing = Array(repeating: [], count: count)
        incoming = outgoing
        var index: [String: Int] = [:]
        for (position, service) in graph.services.enumerated() where index[service.name] == nil {
            index[service.name] = position
        }
        var seen: Set<Pair> = []
        for (position, dependency) in graph.dependencies.enumerated() {
            guard let from = index[dependency.from], let to = index[dependency.to],
                seen.insert(Pair(from: from, to: to)).inserted
            else { continue }
            if from == to {
                loops.append(from)
                continue
            }
            let style = EdgeStyle(dependency, isCyclic: false)
            arcs.append(Arc(from: from, to: to, dependency: position, style: style))
        }
        link()
        turnBackArcs(graph)
    }

    private mutating func link() {
        outgoing = Array(repeating: [], count: count)
        incoming = outgoing
        for (index, arc) in arcs.enumerated() {
            outgoing[arc.from].append(index)
            incoming[arc.to].append(index)
        }
    }

    /// Turns each arc round that leads back to a service on the path of a depth-first search.
    private mutating func turnBackArcs(_ graph: ServiceGraph) {
        enum Mark { case unseen, open, done }
        var marks = Array(repeating: Mark.unseen, count: count)
        var back: [Int] = []
        let starts = (0..<count).filter { incoming[$0].isEmpty } + (0..<count).filter { !incoming[$0].isEmpty }
        for start in starts where marks[start] == .unseen {
            var stack = [(vertex: start, next: 0)]
            marks[start] = .open
            while let (vertex, next) = stack.last {
                guard next < outgoing[vertex].count else {
                    marks[vertex] = .done
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].next += 1
                let arc = outgoing[vertex][next]
                switch marks[arcs[arc].to] {
                case .unseen:
                    marks[arcs[arc].to] = .open
                    stack.append((arcs[arc].to, 0))
                case .open: back.append(arc)
                case .done: break
                }
            }
        }
        guard !back.isEmpty else { return }
        for index in back {
            let (from, to) = (arcs[index].from, arcs[index].to)
            (arcs[index].from, arcs[index].to) = (to, from)
            arcs[index].isReversed = true
            arcs[index].style = EdgeStyle(graph.dependencies[arcs[index].dependency], isCyclic: true)
        }
        link()
    }

    /// The services in groups that no dependency joins, each in ascending order.
    func components() -> [[Int]] {
        var group = Array(repeating: -1, count: count)
        var groups: [[Int]] = []
        for start in 0..<count where group[start] < 0 {
            var members = [start]
            group[start] = groups.count
            var next = 0
            while next < members.count {
                let vertex = members[next]
                next += 1
                for arc in outgoing[vertex] where group[arcs[arc].to] < 0 {
                    group[arcs[arc].to] = groups.count
                    members.append(arcs[arc].to)
                }
                for arc in incoming[vertex] where group[arcs[arc].from] < 0 {
                    group[arcs[arc].from] = groups.count
                    members.append(arcs[arc].from)
                }
            }
            groups.append(members.sorted())
        }
        return groups
    }
}
