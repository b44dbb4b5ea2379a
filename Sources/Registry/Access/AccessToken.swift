// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// A token that a registry takes for a while.
struct AccessToken: Sendable {
    var text: String
    /// A token that others can be had for, where one was asked for.
    var identityToken: String?
    private var end: ContinuousClock.Instant

    /// Whether there is no use in sending it any more.
    func isOver(at now: ContinuousClock.Instant = .now) -> Bool { now >= end }

    /// What a token service answers.
    private struct Answer: Decodable {
        var token: String?
        var accessToken: String?
        var refreshToken: String?
        var lifetime: Double?

        enum CodingKeys: String, CodingKey {
            case token
            case accessToken = "access_token"
            case refreshToken = "refresh_token"
            case lifetime = "expires_in"
        }
    }

    /// Reads the answer of a token service; nil comes back where there is no token in it.
    ///
    /// - Parameters:
    ///   - bytes: The JSON.
    ///   - now: When it came.
    init?(_ bytes: [UInt8], now: ContinuousClock.Instant = .now) {
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(bytes)),
            let text = [answer.token, answer.accessToken].compactMap(\.self).first(where: { !$0.isEmpty }),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        self.text = text
        identityToken = answer.refreshToken.flatMap { $0.isEmpty ? nil : $0 }
        // The specification of tokens says 60 seconds where the answer says nothing.
        let seconds = min(max(answer.lifetime ?? 60, 0), 86_400)
        end = now + .seconds(max(0, seconds - min(10, seconds / 10)))
    }
}
