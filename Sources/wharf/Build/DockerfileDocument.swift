// SPDX-License-Identifier: Apache-2.0

import Build
import JSONTree
import OCI

/// What is found in Dockerfiles, as programs read it; names are those of Docker where it has the same.
enum DockerfileDocument {
    /// What the rules find, and what is wrong.
    static func check(_ file: ServiceDockerfile) -> JSON {
        let warnings = file.plan.findings.map { finding -> JSON in
            [
                "ruleName": .string(finding.rule.rawValue),
                "description": .string(finding.rule.summary),
                "url": .string(finding.rule.address),
                "detail": .string(finding.message),
                "location": location(finding.place, file),
            ]
        }
        return document(file, [JSON.Member("warnings", .array(warnings))])
    }

    /// What a build can be given.
    static func outline(_ file: ServiceDockerfile) -> JSON {
        let parameters = file.plan.parameters
        let target = file.plan.target.map { file.plan.stages[$0] }
        let arguments = parameters.arguments.map { argument -> JSON in
            [
                "name": .string(argument.name),
                "description": .optional(argument.description),
                "value": .optional(argument.value),
                "location": location(argument.place, file),
            ]
        }
        func credentials(_ list: [StageParameters.Credential]) -> JSON {
            .array(
                list.map { item in
                    [
                        "name": .string(item.id), "required": .bool(item.isRequired),
                        "location": location(item.place, file),
                    ]
                }
            )
        }
        return document(
            file,
            [
                JSON.Member("name", .optional(target?.name)),
                JSON.Member("description", .optional(target?.description)),
                JSON.Member("args", .array(arguments)), JSON.Member("secrets", credentials(parameters.secrets)),
                JSON.Member("ssh", credentials(parameters.agents)),
                JSON.Member(
                    "cache",
                    .array(
                        parameters.caches.map { ["ID": .string($0.id), "location": location($0.place, file)] }
                    )
                ),
            ]
        )
    }

    /// The stages that can be built.
    static func targets(_ file: ServiceDockerfile) -> JSON {
        let targets = file.plan.stages.map { stage -> JSON in
            [
                "name": .optional(stage.name),
                "default": .bool(stage.index == file.plan.stages.count - 1),
                "description": .optional(stage.description),
                "base": .string(stage.baseName),
                "platform": .string(stage.platform.description),
                "location": location(stage.place, file),
            ]
        }
        return document(file, [JSON.Member("targets", .array(targets))])
    }

    private static func document(_ file: ServiceDockerfile, _ members: [JSON.Member]) -> JSON {
        let errors = file.plan.allProblems.map { problem -> JSON in
            [
                "message": .string(problem.message),
                "help": .optional(problem.help),
                "location": problem.place.map { location($0, file) } ?? .null,
            ]
        }
        let first = [
            JSON.Member("service", .string(file.service)), JSON.Member("dockerfile", .string(file.name)),
        ]
        return .object(first + members + [JSON.Member("errors", .array(errors))])
    }

    private static func location(_ place: SourcePlace, _ file: ServiceDockerfile) -> JSON {
        ["file": .string(file.name), "line": .integer(place.line), "column": .integer(place.column)]
    }
}
