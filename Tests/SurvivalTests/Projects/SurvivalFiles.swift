// SPDX-License-Identifier: Apache-2.0

/// The compose files of a project with a bit of everything: dependencies of all kinds, replicas, networks with aliases, volumes
/// with and without a name, a port, a shared namespace, limits.
///
/// All containers have a mark in their environment, by which they are found in the kernel.
enum SurvivalFiles {
    /// The project at first.
    static func before(_ mark: String) -> String {
        """
        x-all: &all
          image: busybox
          command: sleep 1000000
          stop_signal: SIGKILL
          environment: &environment {MARK: "\(mark)"}
        services:
          db:
            <<: *all
            volumes: ["data:/data"]
            networks: [back]
            healthcheck: {test: ["CMD", "true"], interval: 100ms}
          job: {<<: *all, command: "true", networks: [back]}
          web:
            <<: *all
            scale: 2
            networks: {front: {aliases: [www]}, back: }
            depends_on:
              db: {condition: service_healthy, restart: true}
              job: {condition: service_completed_successfully}
          proxy:
            <<: *all
            command: ["httpd", "-f", "-p", "80"]
            networks: [front]
            ports: ["18090:80"]
            depends_on: [web]
          sidecar: {<<: *all, network_mode: "service:db"}
          cache: {<<: *all, volumes: ["/cache"], networks: [back], mem_limit: 32m}
          old: {<<: *all, init: true, stop_signal: SIGTERM, networks: [back]}
        networks: {front: , back: }
        volumes: {data: }
        """
    }

    /// The same project after changes: of an environment, a limit, a network, a label, and with one service for another.
    static func after(_ mark: String) -> String {
        before(mark)
            .replacing("networks: {front: {aliases: [www]}, back: }", with: "networks: {front: {aliases: [www]}}")
            .replacing("mem_limit: 32m", with: "mem_limit: 48m")
            .replacing("  old: {<<: *all, init: true, stop_signal: SIGTERM", with: "  new: {<<: *all")
            .replacing("healthcheck:", with: "labels: {version: two}\n    healthcheck:")
            .replacing("[\"httpd\", \"-f\"", with: "[\"httpd\", \"-f\", \"-v\"")
    }
}
