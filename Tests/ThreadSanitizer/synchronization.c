// Tells ThreadSanitizer of the synchronisation that it cannot see, since the libraries that do it
// are not instrumented: loaded before the tests (LD_PRELOAD), these functions stand in for those of
// libswiftSynchronization and libdispatch, do what those do, and report it.
//
// Nothing is suppressed: a lock that is missing is still found.
//
// - `Mutex` takes and gives a free lock by atomics in the caller, which are instrumented; a lock
//   that is held goes through futex(2) in the library.
// - `DispatchSemaphore` lives in libdispatch altogether.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

// Of the sanitizer's run-time library; absent in programs that are started along with the tests.
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

static void acquired(void *address) {
  if (__tsan_acquire) __tsan_acquire(address);
}

static void released(void *address) {
  if (__tsan_release) __tsan_release(address);
}

// Methods of Swift's `_MutexHandle`, which is its lock's word alone.
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void lock_slow(uint32_t thread, SELF) __asm__(LOCK);
SWIFT void lock_slow(uint32_t thread, SELF) {
  static SWIFT void (*next)(uint32_t thread, SELF);
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, LOCK);
  next(thread, self);
  acquired(self);
}

SWIFT bool try_lock_slow(SELF) __asm__(TRY_LOCK);
SWIFT bool try_lock_slow(SELF) {
  static SWIFT bool (*next)(SELF);
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, TRY_LOCK);
  bool locked = next(self);
  if (locked) acquired(self);
  return locked;
}

SWIFT void unlock_slow(SELF) __asm__(UNLOCK);
SWIFT void unlock_slow(SELF) {
  static SWIFT void (*next)(SELF);
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, UNLOCK);
  released(self);
  next(self);
}

intptr_t dispatch_semaphore_signal(void *semaphore) {
  static intptr_t (*next)(void *);
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, "dispatch_semaphore_signal");
  released(semaphore);
  return next(semaphore);
}

intptr_t dispatch_semaphore_wait(void *semaphore, uint64_t timeout) {
  static intptr_t (*next)(void *, uint64_t);
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, "dispatch_semaphore_wait");
  intptr_t status = next(semaphore, timeout);
  if (!status) acquired(semaphore);
  return status;
}
