// SPDX-License-Identifier: Apache-2.0

import Compose
import OCI

extension InstructionParser {
    /// What `HEALTHCHECK` says: `NONE`, or `CMD` with a command and flags.
    func healthcheck(_ text: LineText, _ flags: FlagSet) throws(BuildProblem) -> ContainerConfig.Healthcheck {
        let (kind, rest) = text.split
        var healthcheck = ContainerConfig.Healthcheck()
        switch kind.text.uppercased() {
        case "NONE":
            guard rest.isEmpty else { throw BuildProblem("HEALTHCHECK NONE takes no arguments", at: rest.place) }
            healthcheck.test = ["NONE"]
            // Flags say nothing of a check that there is not.
            return healthcheck
        case "CMD":
            let words = try rest.stringList()
            if rest.isEmpty || words == [] {
                throw BuildProblem("Missing command after HEALTHCHECK CMD", at: kind.place)
            }
            healthcheck.test = words.map { ["CMD"] + $0 } ?? ["CMD-SHELL", rest.string]
        default:
            throw BuildProblem("Unknown type \"\(kind.text.shown)\" in HEALTHCHECK (try CMD)", at: kind.place)
        }
        healthcheck.interval = try Self.duration(flags.text("interval"), "interval")
        healthcheck.timeout = try Self.duration(flags.text("timeout"), "timeout")
        healthcheck.startPeriod = try Self.duration(flags.text("start-period"), "start-period")
        healthcheck.startInterval = try Self.duration(flags.text("start-interval"), "start-interval")
        if let retries = flags.text("retries") {
            guard let count = Int32(retries.text), count >= 0 else {
                throw BuildProblem(
                    "`--retries=\(retries.text.shown)`: the number of retries is none, or negative",
                    at: retries.place
                )
            }
            healthcheck.retries = Int(count)
        }
        return healthcheck
    }

    private static func duration(_ word: Word?, _ flag: String) throws(BuildProblem) -> Duration? {
        guard let word else { return nil }
        // Days and weeks are units of compose files only.
        let isGo = !word.text.contains { $0 == "d" || $0 == "w" }
        guard isGo, let duration = try? DurationText.parse(word.text),
            duration == .zero || duration >= .milliseconds(1)
        else {
            throw BuildProblem(
                "`--\(flag)=\(word.text.shown)`: write a time of at least 1ms such as 30s or 1m30s",
                at: word.place
            )
        }
        return duration
    }
}
