// SPDX-License-Identifier: Apache-2.0

import CKeeper
import CLinux

/// `wharf-keeper SOCKET`: serves the socket until it is asked to quit.
@main
enum Main {
    static func main() {
        guard let path = ckeeper_argument(1), ckeeper_argument(2) == nil else {
            return fail("usage: wharf-keeper SOCKET\n")
        }
        // Containers that join our process's executable must find a file that nobody can write.
        guard ckeeper_run_sealed() == 0 else { return fail("wharf-keeper: cannot seal itself\n") }
        let listener = clinux_listen(path, 128)
        guard listener >= 0 else {
            return fail("wharf-keeper: cannot listen on its socket: is another keeper there?\n")
        }
        guard ckeeper_detach() == 0 else { return fail("wharf-keeper: cannot leave the host's mounts\n") }
        guard var keeper = Keeper(listener: listener) else { return fail("wharf-keeper: cannot watch for events\n") }
        guard ckeeper_announce() == 0 else { return fail("wharf-keeper: nobody hears that it is ready\n") }
        keeper.run()
    }

    private static func fail(_ message: StaticString) {
        ckeeper_write_error(message.utf8Start, message.utf8CodeUnitCount)
        ckeeper_exit(1)
    }
}
