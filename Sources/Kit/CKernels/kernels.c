#include "kernels.h"

#include <stdlib.h>
#include <string.h>

extern const struct voken_kernels voken_kernels_portable __attribute__((visibility("hidden")));

#if defined(__x86_64__)

extern const struct voken_kernels voken_kernels_avx2 __attribute__((visibility("hidden")));

const struct voken_kernels *voken_kernels(void) {
    const char *wanted = getenv("VOKEN_CPU");
    if (wanted && strcmp(wanted, "portable") == 0) return &voken_kernels_portable;
    __builtin_cpu_init();
    int able = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
        && __builtin_cpu_supports("f16c");
    return able ? &voken_kernels_avx2 : &voken_kernels_portable;
}

#else

const struct voken_kernels *voken_kernels(void) { return &voken_kernels_portable; }

#endif
