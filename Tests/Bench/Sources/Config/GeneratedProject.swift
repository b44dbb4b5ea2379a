// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// A project of any number of services in three files that are merged, with anchors, extends and interpolation.
struct GeneratedProject {
    var services: Int

    /// Writes the files and returns the arguments that name them.
    func write(to scratch: Scratch) throws -> [String] {
        let folder = "generated-\(services)"
        try scratch.write("\(folder)/a.yaml", base)
        try scratch.write("\(folder)/b.yaml", labels)
        try scratch.write("\(folder)/c.yaml", limits)
        return ["a", "b", "c"].flatMap { ["-f", scratch / "\(folder)/\($0).yaml"] }
    }

    private var base: String {
        var text = """
            x-common: &common
              restart: unless-stopped
              logging:
                driver: json-file
                options: {max-size: 10m, max-file: '3'}
            x-env: &env
              TZ: ${TZ:-UTC}
              LOG_LEVEL: ${LOG_LEVEL:-info}
            services:
              base:
                image: busybox:${TAG:-1.0}
                environment:
                  BASE: 'yes'
                healthcheck:
                  test: ['CMD', 'true']
                  interval: 10s

            """
        for number in 0..<services {
            text += """
                  s\(number):
                    <<: *common
                    extends: base
                    image: registry.example.com/app\(number):${TAG:-latest}
                    environment:
                      <<: *env
                      NAME: s\(number)
                      URL: http://${HOST:-localhost}:\(1000 + number)/
                    ports:
                      - '\(10_000 + number):80'
                    volumes:
                      - data\(number % 10):/data
                      - ./conf:/etc/conf:ro
                    networks: [front, back]

                """
            if number > 0 {
                text += "    depends_on:\n      s\(number / 2):\n        condition: service_started\n"
            }
        }
        text += "networks:\n  front: {}\n  back: {}\nvolumes:\n"
        return text + (0..<10).map { "  data\($0): {}\n" }.joined()
    }

    private var labels: String {
        "services:\n"
            + (0..<services).map {
                """
                  s\($0):
                    labels:
                      app: s\($0)
                      tier: ${TIER:-web}
                    environment:
                      EXTRA: x\($0)

                """
            }.joined()
    }

    private var limits: String {
        "services:\n"
            + (0..<services).map {
                """
                  s\($0):
                    environment:
                      - DEBUG=${DEBUG:-0}
                    deploy:
                      resources:
                        limits:
                          memory: 128M

                """
            }.joined()
    }
}
