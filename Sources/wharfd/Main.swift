// SPDX-License-Identifier: Apache-2.0

/// The engine as a program.
@main
enum Main {
    static func main() {}
}
