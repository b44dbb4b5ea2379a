// SPDX-License-Identifier: Apache-2.0

/// The services of a project and what each one depends on, implied dependencies included.
package struct DependencyGraph: Sendable {
    /// The names of the services, ordered.
    package let services: [String]
    private let dependencies: [String: [String]]

    /// Makes the graph of a project; dependencies on services that it does not have are left out.
    package init(_ services: [String: Service]) {
        self.services = services.keys.sorted()
        dependencies = services.mapValues { service in
            service.dependsOn.keys.filter { services[$0] != nil }.sorted()
        }
    }

    /// What a service depends on, ordered by name.
    package func dependencies(of service: String) -> [String] {
        dependencies[service] ?? []
    }

    /// A circle of dependencies, its first service repeated at the end, or nil where there is none.
    package func firstCycle() -> [String]? {
        /// A service whose dependencies are being visited, and the next one of them.
        struct Visit {
            var service: String
            var next = 0
        }
        var finished: Set<String> = []
        for root in services where !finished.contains(root) {
            var stack = [Visit(service: root)]
            var open: Set<String> = [root]
            while let visit = stack.last {
                let below = dependencies(of: visit.service)
                guard visit.next < below.count else {
                    finished.insert(visit.service)
                    open.remove(visit.service)
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].next += 1
                let service = below[visit.next]
                if open.contains(service) {
                    let names = stack.map(\.service)
                    return Array(names[(names.firstIndex(of: service) ?? 0)...]) + [service]
                }
                if !finished.contains(service) {
                    stack.append(Visit(service: service))
                    open.insert(service)
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
        var seen: Set<String> = []
        for root in services where seen.insert(root).inserted {
            var stack: [(service: String, next: Int)] = [(root, 0)]
            while let (service, next) = stack.last {
                let below = dependencies(of: service)
                guard next < below.count else {
                    order.append(service)
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].next += 1
                if seen.insert(below[next]).inserted {
                    stack.append((below[next], 0))
                }
            }
        }
        return order
    }
}
