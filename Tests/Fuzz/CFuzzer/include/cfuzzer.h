#ifndef VOKEN_CFUZZER_H
#define VOKEN_CFUZZER_H

#include <stddef.h>
#include <stdint.h>

// libFuzzer's entry point for programs with a `main` of their own:
// https://llvm.org/docs/LibFuzzer.html#using-libfuzzer-as-a-library
int LLVMFuzzerRunDriver(
    int *argc, char ***argv, int (*target)(const uint8_t *data, size_t size));

// Counts what the heap gives out from here on, by hooks of AddressSanitizer's allocator.
void voken_heap_begin(void);

// The most bytes that were held at a time since then.
int64_t voken_heap_peak(void);

// What is allocated between the two is kept for good. LeakSanitizer would not always see that: the
// case of a Swift enumeration may be kept in unused bits of the only pointer to its payload.
void voken_keep_begin(void);
void voken_keep_end(void);

// The descriptor of a file without a name (memfd_create(2)) that holds these bytes and no others,
// or -1. It is the same file each time: making one costs more than most inputs.
int voken_memory_file(const uint8_t *bytes, size_t count);

#endif
