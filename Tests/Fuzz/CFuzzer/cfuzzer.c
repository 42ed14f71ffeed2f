#define _GNU_SOURCE
#include "cfuzzer.h"

#include <sanitizer/allocator_interface.h>
#include <sanitizer/lsan_interface.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic int64_t held, peak;

static void given(const volatile void *memory, size_t count) {
  (void)memory;
  int64_t now = atomic_fetch_add(&held, (int64_t)count) + (int64_t)count;
  // Only one thread runs a target: a lost update by another is a small error, once.
  if (now > atomic_load(&peak)) atomic_store(&peak, now);
}

static void taken(const volatile void *memory) {
  if (memory) atomic_fetch_sub(&held, (int64_t)__sanitizer_get_allocated_size(memory));
}

void voken_heap_begin(void) {
  static atomic_flag installed = ATOMIC_FLAG_INIT;
  if (!atomic_flag_test_and_set(&installed))
    __sanitizer_install_malloc_and_free_hooks(given, taken);
  atomic_store(&held, 0);
  atomic_store(&peak, 0);
}

int64_t voken_heap_peak(void) { return atomic_load(&peak); }

void voken_keep_begin(void) { __lsan_disable(); }

void voken_keep_end(void) { __lsan_enable(); }

int voken_memory_file(const uint8_t *bytes, size_t count) {
  static int file = -1;
  if (file < 0) file = memfd_create("fuzz", MFD_CLOEXEC);
  if (file < 0 || ftruncate(file, 0) || pwrite(file, bytes, count, 0) != (ssize_t)count) return -1;
  return file;
}
