// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Sets the time zone of this process.
func setTimeZone(_ name: String) {
    setenv("TZ", name, 1)
    tzset()
}
