// SPDX-License-Identifier: Apache-2.0

@testable import Diagram

/// Graphs that several suites share.
enum Graphs {
    static let shop = ServiceGraph(
        project: "shop",
        services: [
            .init(
                name: "web",
                image: "shop/web:1.4",
                ports: ["8080→80"],
                networks: ["front", "back"]
            ),
            .init(name: "migrate", build: "./db", networks: ["back"]),
            .init(name: "db", image: "postgres:16", networks: ["back"], volumes: ["data"]),
        ],
        dependencies: [
            .init(from: "web", to: "db", condition: .healthy, restarts: true),
            .init(from: "web", to: "migrate", condition: .completed),
            .init(from: "migrate", to: "db", condition: .healthy),
        ],
        networks: [.init(name: "front", driver: "bridge"), .init(name: "back", isExternal: true)],
        volumes: [.init(name: "data")]
    )

    static let cyclic = ServiceGraph(
        project: "ring",
        services: ["a", "b", "c", "d"].map { .init(name: $0) },
        dependencies: [
            .init(from: "a", to: "b"), .init(from: "b", to: "c"), .init(from: "c", to: "a"),
            .init(from: "d", to: "d"), .init(from: "a", to: "ghost"), .init(from: "b", to: "a"),
        ]
    )

    /// Names that each format must escape.
    static let hostile = ServiceGraph(
        project: "<a>&\"'\u{7}\\",
        services: [
            .init(name: "\"]; x --> y %%{init}%%", image: "<script>&amp;\u{0}\u{202e}", ports: ["\\"]),
            .init(name: "end\\", image: "`#quot;`", networks: ["]]>"], volumes: ["<!--"]),
        ],
        dependencies: [.init(from: "end\\", to: "\"]; x --> y %%{init}%%", condition: .other("|\"<x>"))],
        networks: [.init(name: "]]>"), .init(name: "\u{1b}[31m")],
        volumes: [.init(name: "<!--")]
    )

    /// A graph without cycles, always the same for the same numbers.
    static func random(_ count: Int, fanOut: Int, seed: UInt64 = 7) -> ServiceGraph {
        var state = seed
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % max(1, bound)
        }
        var graph = ServiceGraph(project: "random", networks: (0..<12).map { .init(name: "net\($0)") })
        let conditions: [ServiceGraph.Condition] = [.started, .healthy, .completed]
        for index in 0..<count {
            let service = ServiceGraph.Service(
                name: "service-\(index)",
                image: index % 3 == 0 ? nil : "registry.example/team/service-\(index):\(index)",
                ports: (0..<next(4)).map { "\(8000 + index + $0)→80" },
                networks: (0..<next(4)).map { "net\($0 * 3)" },
                volumes: (0..<next(3)).map { "volume-\(index)-\($0)" }
            )
            graph.services.append(service)
            guard index > 0, next(8) > 0 else { continue }
            for _ in 0...next(fanOut) {
                let target = next(2) == 0 ? next(min(index, 9)) : next(index)
                let condition = conditions[next(3)]
                graph.dependencies.append(
                    .init(
                        from: "service-\(index)",
                        to: "service-\(target)",
                        condition: condition,
                        isRequired: next(5) > 0
                    )
                )
            }
        }
        return graph
    }

    static func chain(_ count: Int) -> ServiceGraph {
        ServiceGraph(
            project: "chain",
            services: (0..<count).map { .init(name: "s\($0)") },
            dependencies: (1..<max(1, count)).map { .init(from: "s\($0)", to: "s\($0 - 1)") }
        )
    }

    /// Each service depends on all before it.
    static func complete(_ count: Int) -> ServiceGraph {
        var graph = ServiceGraph(project: "complete", services: (0..<count).map { .init(name: "s\($0)") })
        for from in 0..<count {
            for to in 0..<from { graph.dependencies.append(.init(from: "s\(from)", to: "s\(to)")) }
        }
        return graph
    }

    static let samples: [ServiceGraph] = [
        shop, cyclic, hostile, chain(1), chain(12), complete(9), ServiceGraph(project: "none"),
        random(30, fanOut: 3), random(90, fanOut: 4, seed: 3), random(60, fanOut: 1, seed: 11),
        ServiceGraph(project: "flat", services: (0..<17).map { .init(name: "s\($0)") }),
    ]
}
