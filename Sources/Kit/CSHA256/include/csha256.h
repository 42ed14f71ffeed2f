#pragma once
// The inner loop of SHA-256: in C for the instructions that x86 has for it, which Swift cannot name.
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/// Takes the eight words of `state` through `count` blocks of 64 bytes (FIPS 180-4, §6.2.2).
/// With VOKEN_CPU=portable in the environment it does so without special instructions.
void voken_sha256(uint32_t *state, const uint8_t *blocks, size_t count);

#pragma GCC visibility pop
