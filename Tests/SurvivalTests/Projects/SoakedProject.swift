// SPDX-License-Identifier: Apache-2.0

/// A project of many services that changes by lot, and what has to be true of it.
struct SoakedProject {
    /// A service as it is to be.
    struct Service {
        var version = 0
        var replicas = 1
        /// The limit of memory, in mebibytes.
        var limit = 32
        var isInBack = false
        var isRestarted = false
        var hasVolume = false
        /// The number of another service that it depends on, which is smaller than its own.
        var dependency: Int?
    }

    private(set) var services: [Service]
    private let mark: String

    /// - Parameter mark: What all containers have in their environment.
    init(mark: String) {
        self.mark = mark
        services = (0..<20).map { number in
            var service = Service()
            service.isInBack = number.isMultiple(of: 3)
            service.isRestarted = number.isMultiple(of: 4)
            service.hasVolume = number.isMultiple(of: 5)
            service.dependency = number > 4 ? number / 2 : nil
            return service
        }
    }

    /// The compose file.
    var text: String {
        let all = services.enumerated().map { number, service in
            """
              s\(number):
                image: busybox
                command: sleep 1000000
                stop_signal: SIGKILL
                scale: \(service.replicas)
                environment: {MARK: "\(mark)", VERSION: "\(service.version)"}
                mem_limit: \(service.limit)m
                networks: [front\(service.isInBack ? ", back" : "")]
                restart: "\(service.isRestarted ? "always" : "no")"
                volumes: [\(service.hasVolume ? "\"data:/data\", \"/own\"" : "")]
                depends_on: {\(service.dependency.map { "s\($0): {condition: service_started, restart: true}" } ?? "")}
                \(number == 0 ? "ports: [\"18091:80\"]" : "")
            """
        }
        return "services:\n" + all.joined(separator: "\n") + "\nnetworks: {front: , back: }\nvolumes: {data: }\n"
    }

    /// Changes a few services.
    mutating func change() -> String {
        var story: [String] = []
        for _ in 0..<Int.random(in: 1...4) {
            let number = services.indices.randomElement() ?? 0
            switch Int.random(in: 0..<5) {
            case 0: services[number].limit = Int.random(in: 16...64)
            case 1: services[number].isInBack.toggle()
            case 2: services[number].isRestarted.toggle()
            // The one with the port cannot have several.
            case 3 where number > 0: services[number].replicas = Int.random(in: 0...3)
            default: services[number].version += 1
            }
            story.append("s\(number)")
        }
        return "change of \(story.joined(separator: ", "))"
    }

    // MARK: What has to be

    /// The containers that have to run, `shop-s0-1 VERSION=3 32`, in order.
    var expected: [String] {
        services.enumerated().flatMap { number, service in
            (0..<service.replicas).map { "shop-s\(number)-\($0 + 1) VERSION=\(service.version) \(service.limit)" }
        }.sorted()
    }

    /// How many containers have to run.
    var count: Int { services.reduce(0) { $0 + $1.replicas } }
    /// How many interfaces the containers have in both networks.
    var endpoints: Int { services.reduce(0) { $0 + $1.replicas * ($1.isInBack ? 2 : 1) } }
}
