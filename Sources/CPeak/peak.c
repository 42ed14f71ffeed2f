#include "peak.h"

// Accumulators are independent, and enough of them to fill the pipelines of two units: eight for the
// latency of four cycles of AVX-512, more for the longer one of bf16. No compiler may merge rounds: sums
// of floats are not associative, and what the other instructions do it does not know.

#define TWELVE(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define TWENTY_FOUR(X)                                                                             \
    TWELVE(X) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23)

typedef uint64_t word4 __attribute__((vector_size(32)));
typedef float float4 __attribute__((vector_size(16)));

// Where the results go: what nobody could read would not be computed.
static volatile float sink;

#define DECLARE(i) VECTOR s##i = START;
#define STEP(i) s##i = MULTIPLY_ADD(s##i);
#define SUM(i) + (float)s##i[0]
#define RUN(MANY)                                                                                  \
    MANY(DECLARE)                                                                                  \
    for (int64_t round = 0; round < rounds; round++) { MANY(STEP) }                                \
    sink = 0 MANY(SUM);

static double portable(int64_t rounds) {
#define VECTOR float4
#define START {1, 1, 1, 1}
#define MULTIPLY_ADD(s) s * 0.999f + 0.001f
    RUN(TWELVE)
#undef VECTOR
#undef START
#undef MULTIPLY_ADD
    return (double)rounds * 12 * 4 * 2;
}

#if defined(__x86_64__)

#include <immintrin.h>

// Without avx512vl clang keeps to the first sixteen registers, and spills the rest.

__attribute__((target("avx2,fma"))) static double fma256(int64_t rounds) {
    const __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.001f);
#define VECTOR __m256
#define START b
#define MULTIPLY_ADD(s) _mm256_fmadd_ps(s, a, b)
    RUN(TWELVE)
#undef VECTOR
#undef START
#undef MULTIPLY_ADD
    return (double)rounds * 12 * 8 * 2;
}

__attribute__((target("avx512f,avx512vl"))) static double fma512(int64_t rounds) {
    const __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.001f);
#define VECTOR __m512
#define START b
#define MULTIPLY_ADD(s) _mm512_fmadd_ps(s, a, b)
    RUN(TWELVE)
#undef VECTOR
#undef START
#undef MULTIPLY_ADD
    return (double)rounds * 12 * 16 * 2;
}

__attribute__((target("avx512f,avx512vl,avx512bf16"))) static double pairs512(int64_t rounds) {
    // A word of two halves, each 1 as a bf16 number, and one of two zeros.
    const __m512bh a = (__m512bh)_mm512_set1_epi32(0x3f803f80), b = (__m512bh)_mm512_setzero_si512();
#define VECTOR __m512
#define START _mm512_set1_ps(1)
#define MULTIPLY_ADD(s) _mm512_dpbf16_ps(s, a, b)
    RUN(TWENTY_FOUR)
#undef VECTOR
#undef START
#undef MULTIPLY_ADD
    return (double)rounds * 24 * 32 * 2;
}

__attribute__((target("avx512f,avx512vl,avx512vnni"))) static double bytes512(int64_t rounds) {
    const __m512i a = _mm512_set1_epi8(1), b = _mm512_set1_epi8(2);
#define VECTOR __m512i
#define START a
#define MULTIPLY_ADD(s) _mm512_dpbusd_epi32(s, a, b)
    RUN(TWENTY_FOUR)
#undef VECTOR
#undef START
#undef MULTIPLY_ADD
    return (double)rounds * 24 * 64 * 2;
}

double voken_peak_float32(int64_t rounds) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512vl")) return fma512(rounds);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return fma256(rounds);
    return portable(rounds);
}

double voken_peak_bfloat16(int64_t rounds) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512bf16") ? pairs512(rounds) : 0;
}

double voken_peak_int8(int64_t rounds) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512vnni") ? bytes512(rounds) : 0;
}

#else

double voken_peak_float32(int64_t rounds) { return portable(rounds); }
double voken_peak_bfloat16(int64_t rounds) { return 0; }
double voken_peak_int8(int64_t rounds) { return 0; }

#endif

uint64_t voken_peak_read(const void *bytes, ptrdiff_t size) {
    const word4 *words = bytes;
    word4 s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
    for (ptrdiff_t i = 0; i < size / (ptrdiff_t)sizeof(word4); i += 8) {
        s0 += words[i] ^ words[i + 4];
        s1 += words[i + 1] ^ words[i + 5];
        s2 += words[i + 2] ^ words[i + 6];
        s3 += words[i + 3] ^ words[i + 7];
    }
    s0 += s1 + s2 + s3;
    return s0[0] + s0[1] + s0[2] + s0[3];
}
