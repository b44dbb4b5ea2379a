// SPDX-License-Identifier: Apache-2.0
//
// OpenSSL's functions of one hash each, whose state is a plain value. Those of version 3 allocate theirs, and would link
// every algorithm into a static program.
#define OPENSSL_API_COMPAT 0x10100000L
#include <openssl/sha.h>
