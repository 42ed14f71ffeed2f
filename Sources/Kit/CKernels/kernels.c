#include "kernels.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

extern const struct voken_kernels voken_kernels_portable __attribute__((visibility("hidden")));

#if defined(__x86_64__)

extern const struct voken_kernels voken_kernels_avx2 __attribute__((visibility("hidden")));
extern const struct voken_kernels voken_kernels_avx512 __attribute__((visibility("hidden")));
extern const struct voken_kernels voken_kernels_avx512bf16 __attribute__((visibility("hidden")));

const struct voken_kernels *voken_kernels(void) {
    const char *wanted = getenv("VOKEN_CPU");
    if (wanted && strcmp(wanted, "portable") == 0) return &voken_kernels_portable;
    __builtin_cpu_init();
    int able = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
        && __builtin_cpu_supports("f16c");
    if (!able) return &voken_kernels_portable;
    if (wanted && strcmp(wanted, "avx2") == 0) return &voken_kernels_avx2;
    int wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
    if (!wide) return &voken_kernels_avx2;
    if (wanted && strcmp(wanted, "avx512") == 0) return &voken_kernels_avx512;
    int dots = __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni");
    return dots ? &voken_kernels_avx512bf16 : &voken_kernels_avx512;
}

#else

const struct voken_kernels *voken_kernels(void) { return &voken_kernels_portable; }

#endif

void voken_keep_free_memory(void) {
#ifdef __GLIBC__
    // Setting either switches off that both are adapted to what is freed; 32 MiB is the most for
    // the first.
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    // malloc_trim does not reach the end of the heap of any arena but the first.
    mallopt(M_ARENA_MAX, 1);
#endif
}

void voken_return_free_memory(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
