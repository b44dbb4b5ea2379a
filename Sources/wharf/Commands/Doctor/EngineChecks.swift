// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient

/// The engine, where one runs.
enum EngineChecks {
    /// Asks the engine, and starts none.
    static func run(_ global: GlobalOptions) -> [Check] {
        do {
            let status = try global.client(startsEngine: false).status()
            let message =
                "process \(status.pid), version \(status.version), \(status.containersRunning) containers running"
            guard status.version == VersionCommand.number else {
                return [
                    .warning(
                        .engine,
                        "answers",
                        message + ", but this is version \(VersionCommand.number)",
                        remedy: "`wharf engine stop`: containers go on, and the next command starts the new engine"
                    )
                ]
            }
            return [.ok(.engine, "answers", message)]
        } catch let error as ClientError where error.code == .notRunning {
            return [.ok(.engine, "answers", "none runs: the first command that needs one starts it")]
        } catch {
            return [
                .problem(
                    .engine,
                    "answers",
                    "\(error)",
                    remedy: "look at the engine's log, end its process and try again: containers go on"
                )
            ]
        }
    }
}
