// SPDX-License-Identifier: Apache-2.0

// A program that does nothing and depends on all that are released or built like them: SwiftPM takes one product at a time,
// and builds several of one product side by side.
