// SPDX-License-Identifier: Apache-2.0

extension [String] {
    /// Sets variables of a list of `NAME=value` pairs, each at the place where its name stands already, or at the end.
    ///
    /// - Parameter pairs: The pairs; of several with one name the last counts.
    package mutating func setVariables(_ pairs: [String]) {
        var places: [Substring: Int] = [:]
        for (place, pair) in enumerated() { places[pair.prefix { $0 != "=" }] = place }
        for pair in pairs {
            let name = pair.prefix { $0 != "=" }
            if let place = places[name] {
                self[place] = pair
            } else {
                places[name] = count
                append(pair)
            }
        }
    }
}
