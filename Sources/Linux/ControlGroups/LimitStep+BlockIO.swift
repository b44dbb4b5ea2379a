// SPDX-License-Identifier: Apache-2.0

extension BlockIOLimits {
    func steps(_ version: ControlGroupVersion) -> [LimitStep] {
        version == .one ? stepsOne() : stepsTwo()
    }

    /// The weight of version 2, 1 to 10000, for one of version 1, 10 to 1000.
    static func unifiedWeight(of weight: UInt16) -> Int {
        1 + (max(Int(weight), 10) - 10) * 9999 / 990
    }

    private func stepsOne() -> [LimitStep] {
        var steps: [LimitStep] = []
        if let weight {
            steps.append(
                LimitStep(
                    "blockIO.weight",
                    "io",
                    ["blkio.weight", "blkio.bfq.weight"].map { LimitStep.Choice(file: $0, value: "\(weight)") }
                )
            )
        }
        for entry in deviceWeights {
            let value = "\(entry.device) \(entry.weight)"
            steps.append(
                LimitStep(
                    "blockIO.weightDevice[\(entry.device)]",
                    "io",
                    ["blkio.weight_device", "blkio.bfq.weight_device"].map { LimitStep.Choice(file: $0, value: value) }
                )
            )
        }
        for (name, key, _, rates) in throttles {
            for entry in rates {
                // Zero takes the limit away.
                let value = "\(entry.device) \(entry.rate.text(unlimited: "0"))"
                steps.append(
                    LimitStep("blockIO.\(name)[\(entry.device)]", "io", "blkio.throttle.\(key)_device", value)
                )
            }
        }
        return steps
    }

    private func stepsTwo() -> [LimitStep] {
        var steps: [LimitStep] = []
        if let weight {
            steps.append(
                LimitStep(
                    "blockIO.weight",
                    "io",
                    [
                        LimitStep.Choice(file: "io.bfq.weight", value: "\(weight)"),
                        LimitStep.Choice(file: "io.weight", value: "default \(Self.unifiedWeight(of: weight))"),
                    ]
                )
            )
        }
        for entry in deviceWeights {
            let (device, weight) = (entry.device, entry.weight)
            steps.append(
                LimitStep(
                    "blockIO.weightDevice[\(device)]",
                    "io",
                    [
                        LimitStep.Choice(file: "io.bfq.weight", value: "\(device) \(weight)"),
                        LimitStep.Choice(file: "io.weight", value: "\(device) \(Self.unifiedWeight(of: weight))"),
                    ]
                )
            )
        }
        for (name, _, key, rates) in throttles {
            for entry in rates {
                let value = "\(entry.device) \(key)=\(entry.rate.text(unlimited: "max"))"
                steps.append(LimitStep("blockIO.\(name)[\(entry.device)]", "io", "io.max", value))
            }
        }
        return steps
    }

    /// Name in the OCI specification, key of version 1, key of version 2.
    private var throttles: [(String, String, String, [DeviceRate])] {
        [
            ("throttleReadBpsDevice", "read_bps", "rbps", readBytes),
            ("throttleWriteBpsDevice", "write_bps", "wbps", writeBytes),
            ("throttleReadIOPSDevice", "read_iops", "riops", readOperations),
            ("throttleWriteIOPSDevice", "write_iops", "wiops", writeOperations),
        ]
    }
}
