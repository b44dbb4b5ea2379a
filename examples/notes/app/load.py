# SPDX-License-Identifier: Apache-2.0
"""Asks for a page again and again, and tells once a second how often it came."""

import sys
import time
import urllib.error
import urllib.request

while True:
    pages, failures, end = 0, 0, time.monotonic() + 1
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(sys.argv[1], timeout=5) as response:
                response.read()
            pages += 1
        except urllib.error.URLError as error:
            failures += 1
            print(error)
            time.sleep(0.1)
    print(pages, "pages a second,", failures, "failures")
