// SPDX-License-Identifier: Apache-2.0

/// The services of a project and what each one depends on, implied dependencies included.
package struct DependencyGraph: Sendable {
    /// The names of the services, ordered.
    package let services: [String]
    /// The numbers of the services: their positions in ``services``.
    private let numbers: [String: Int]
    /// What each service depends on, ordered.
    private let dependencies: [[Int]]

    /// A service whose dependencies are being visited, and the next one of them.
    private struct Visit {
        var service: Int
        var next = 0
    }

    /// Makes the graph of a project; dependencies on services that it does not have are left out.
    package init(_ services: [String: Service]) {
        let names = services.keys.sorted()
        let numbers = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
        var dependencies = Array(repeating: [Int](), count: names.count)
        for (name, below) in services.mapValues({ $0.dependsOn.keys }) {
            if let number = numbers[name] {
                dependencies[number] = below.compactMap { numbers[$0] }.sorted()
            }
        }
        self.services = names
        self.numbers = numbers
        self.dependencies = dependencies
    }

    /// What a service depends on, ordered by name.
    package func dependencies(of service: String) -> [String] {
        numbers[service].map { dependencies[$0].map { services[$0] } } ?? []
    }

    /// A circle of dependencies, its first service repeated at the end, or nil where there is none.
    package func firstCycle() -> [String]? {
        enum State {
            case unseen, open, finished
        }
        var states = Array(repeating: State.unseen, count: services.count)
        for root in services.indices where states[root] == .unseen {
            var stack = [Visit(service: root)]
            states[root] = .open
            while let visit = stack.last {
                let below = dependencies[visit.service]
                guard visit.next < below.count else {
                    states[visit.service] = .finished
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].next += 1
                let service = below[visit.next]
                switch states[service] {
                case .finished:
                    continue
                case .unseen:
                    stack.append(Visit(service: service))
                    states[service] = .open
                case .open:
                    let circle = stack.drop { $0.service != service } + [Visit(service: service)]
                    return circle.map { services[$0.service] }
                }
            }
        }
        return nil
    }

    /// Some services and everything that they depend on, directly or not.
    package func closure(of names: some Sequence<String>) -> Set<String> {
        var found = Set(names)
        var waiting = Array(found)
        while let name = waiting.popLast() {
            for dependency in dependencies(of: name) where found.insert(dependency).inserted {
                waiting.append(dependency)
            }
        }
        return found
    }
}

extension DependencyGraph {
    /// All services, each after what it depends on, otherwise by name; a circle is cut at its first service by name.
    package var dependencyOrder: [String] {
        var order: [String] = []
        var isSeen = Array(repeating: false, count: services.count)
        for root in services.indices where !isSeen[root] {
            isSeen[root] = true
            var stack = [Visit(service: root)]
            while let visit = stack.last {
                let below = dependencies[visit.service]
                guard visit.next < below.count else {
                    order.append(services[visit.service])
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].next += 1
                let service = below[visit.next]
                if !isSeen[service] {
                    isSeen[service] = true
                    stack.append(Visit(service: service))
                }
            }
        }
        return order
    }
}
