// What one thread of this CPU can do at most: loops of nothing but multiply-adds on registers, and
// of nothing but reads.

#ifndef VOKEN_PEAK_H
#define VOKEN_PEAK_H

#include <stddef.h>
#include <stdint.h>

// Multiply-adds of 32-bit floats; of pairs of bf16 numbers into 32-bit floats; of four 8-bit integers
// into 32-bit ones: with the widest instruction that the CPU has. Returns how many operations were
// done, two for each multiply-add, or 0 if the CPU has no such instruction.
double voken_peak_float32(int64_t rounds);
double voken_peak_bfloat16(int64_t rounds);
double voken_peak_int8(int64_t rounds);

// Reads `size` bytes, a multiple of 256, from an address that is a multiple of 64; returns something
// that depends on all of them.
uint64_t voken_peak_read(const void *bytes, ptrdiff_t size);

#endif
