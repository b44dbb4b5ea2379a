// SPDX-License-Identifier: Apache-2.0

import YAML

/// Keys of a service that must agree with each other.
extension ConsistencyChecker {
    // MARK: - Mounts

    func checkMounts(_ service: Service, _ place: ServicePlace) {
        var mounts: [String: (key: String, index: Int)] = [:]
        let note = { (target: String, key: String, index: Int) in
            guard let first = mounts.updateValue((key, index), forKey: target) else {
                return
            }
            let path = place.path(.key(key), .index(index))
            let earlier = place.path(.key(first.key), .index(first.index))
            diagnostics.error(
                .conflict,
                "service `\(place.name)` mounts two things at `\(target)`",
                at: tree.origin(at: path),
                path: path,
                notes: tree.origin(at: earlier).map { [Diagnostic.Note("the other one", at: $0)] } ?? []
            )
        }
        for (index, tmpfs) in service.tmpfs.enumerated() {
            let target = tmpfs.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)[0]
            note(String(target), "tmpfs", index)
        }
        for (index, mount) in service.volumes.enumerated() {
            note(mount.target ?? "", "volumes", index)
        }
    }

    // MARK: - Limits and replicas

    func checkLimits(_ service: Service, _ place: ServicePlace) {
        guard let resources = service.deploy?.resources else {
            return
        }
        if let limits = resources.limits {
            if let cpus = service.cpus, limits.cpus != cpus {
                reportTwoValues("cpus", "limits", "cpus", place)
            }
            if let memory = service.memoryLimit, limits.memory != memory {
                reportTwoValues("mem_limit", "limits", "memory", place)
            }
            if let pids = service.pidsLimit, limits.pids != pids {
                reportTwoValues("pids_limit", "limits", "pids", place)
            }
        }
        if let reservations = resources.reservations, let memory = service.memoryReservation,
            reservations.memory != memory
        {
            reportTwoValues("mem_reservation", "reservations", "memory", place)
        }
    }

    private func reportTwoValues(_ key: String, _ section: String, _ other: String, _ place: ServicePlace) {
        diagnostics.error(
            .conflict,
            "`\(key)` and `deploy.resources.\(section).\(other)` of service `\(place.name)` differ",
            at: place.origin(.key(key)),
            path: place.path(.key(key)),
            suggestion: "set only one of them, or both to the same value",
            notes: place.origin("deploy", "resources", .key(section), .key(other))
                .map { [Diagnostic.Note("the other one", at: $0)] } ?? []
        )
    }

    func checkScale(_ service: Service, _ place: ServicePlace) {
        if let scale = service.scale, let replicas = service.deploy?.replicas, scale != replicas {
            diagnostics.error(
                .conflict,
                "`scale` and `deploy.replicas` of service `\(place.name)` differ: \(scale) and \(replicas)",
                at: place.origin("scale"),
                path: place.path("scale"),
                suggestion: "set only one of them"
            )
        }
        if let scale = service.scale, scale < 0 {
            diagnostics.error(
                .invalidValue,
                "`scale` of service `\(place.name)` must not be negative",
                at: place.origin("scale"),
                path: place.path("scale")
            )
        }
        guard (service.scale ?? service.deploy?.replicas ?? 1) > 1, service.containerName != nil else {
            return
        }
        diagnostics.error(
            .conflict,
            "service `\(place.name)` has a `container_name`, so it cannot run more than one container",
            at: place.origin("container_name"),
            path: place.path("container_name"),
            suggestion: "remove `container_name` or the number of replicas"
        )
    }

    func checkWatch(_ service: Service, _ place: ServicePlace) {
        for (index, rule) in (service.develop?.watch ?? []).enumerated()
        where rule.target == nil && rule.action != .rebuild && rule.action != .restart {
            diagnostics.error(
                .missingKey,
                "the watch rule of service `\(place.name)` needs a `target`, the path in the container",
                at: place.origin("develop", "watch", .index(index)),
                path: place.path("develop", "watch", .index(index))
            )
        }
    }
}
