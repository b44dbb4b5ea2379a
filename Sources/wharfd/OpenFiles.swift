// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How many files a process may have open (getrlimit(2), `RLIMIT_NOFILE`).
enum OpenFiles {
    /// As many as Docker's service has.
    ///
    /// Programs that close all that they could have open take their time with more.
    private static let most: rlim_t = 1 << 20

    /// Lets this process, the keeper and containers have as many as its hard limit says: a shell begins with 1,024, which a
    /// range of published ports alone uses up.
    ///
    /// Where that is refused, the limit stays as it is, and whoever meets it is told.
    static func raiseLimit() {
        let resource = __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue))
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return }
        let wanted = min(limit.rlim_max, most)
        if limit.rlim_cur >= wanted { return }
        limit.rlim_cur = wanted
        setrlimit(resource, &limit)
    }
}
