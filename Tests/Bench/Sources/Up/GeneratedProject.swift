// SPDX-License-Identifier: Apache-2.0

import BenchKit
import TestSupport

/// A project of some services that sleep, in chains of five.
struct GeneratedProject {
    let services: Int
    let scratch: Scratch
    let name: String
    /// Whether no service depends on another.
    var isFlat = false

    init(services: Int, in scratch: Scratch, name: String, isFlat: Bool = false) {
        self.services = services
        self.scratch = scratch
        self.name = name
        self.isFlat = isFlat
    }

    var file: String { scratch / "\(name).yaml" }

    private static let change = "one changed"

    /// What is measured, in its order.
    static let stepNames = ["up -d", "up -d again", "ps", change, "restart", "down"]

    /// The steps with the arguments of the command.
    var steps: [(name: String, arguments: [String])] {
        let arguments = [["up", "-d"], ["up", "-d"], ["ps"], ["up", "-d"], ["restart"], ["down"]]
        return Array(zip(Self.stepNames, arguments))
    }

    /// Writes the file as it is to be for a step.
    func write(forStep step: String) throws {
        // The one in the middle, of which the later ones of its chain depend.
        let changed = Self.stepNames.firstIndex(of: step).map { $0 >= 3 } == true ? (services + 1) / 2 : 0
        var text = "name: \(name)\nservices:\n"
        for number in 1...services {
            text +=
                "  s\(number):\n    image: \(BenchEngine.image)\n    init: true\n    command: [sleep, \"1000000\"]\n"
            if number == changed { text += "    environment: {CHANGED: \"yes\"}\n" }
            if !isFlat, number % 5 != 1 { text += "    depends_on: [s\(number - 1)]\n" }
        }
        // Room for a thousand, and apart from what others choose.
        if isFlat { text += "networks: {default: {ipam: {config: [{subnet: 10.201.0.0/16}]}}}\n" }
        try writeFile(file, Array(text.utf8))
    }
}
