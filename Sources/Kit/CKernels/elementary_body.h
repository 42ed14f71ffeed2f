// The exponential, the error function and the activations over vectors of LANES floats; a part of
// kernels_body.h, included once for each width. An element's result is the same in any vector.

#define JOINED(name, lanes) name##lanes
#define NAMED(name, lanes) JOINED(name, lanes)
#define OF_LANES(name) NAMED(name, LANES)
#define VECTOR OF_LANES(v)
#define INTEGERS OF_LANES(i)
#define SPLAT(x) ((x) - (VECTOR){0})
#define CHOOSE(where, a, b) \
    ((VECTOR)(((INTEGERS)(where) & (INTEGERS)(a)) | (~(INTEGERS)(where) & (INTEGERS)(b))))

// e^x = 2^n e^r with |r| <= ln 2 / 2; e^r by a polynomial fitted to a relative error of 6e-11.
// Within 1 ulp where the result is normal. Overflows to infinity, underflows gradually to zero.
INLINE VECTOR OF_LANES(exp)(VECTOR x) {
    x = CHOOSE(x > 89, SPLAT(89), x);
    x = CHOOSE(x < -104, SPLAT(-104), x);
    const VECTOR shift = SPLAT(12582912);  // 1.5 * 2^23: adding it rounds to an integer
    VECTOR t = x * SPLAT(1.44269504f) + shift;
    INTEGERS n = (INTEGERS)t - (INTEGERS)shift;
    t -= shift;
    VECTOR r = x - t * SPLAT(0.693359375f);  // ln 2 in two parts, the first exact in nine bits
    r = r - t * SPLAT(-2.12194440e-4f);
    VECTOR p = SPLAT(1.979023654e-4f);
    p = p * r + SPLAT(1.394476741e-3f);
    p = p * r + SPLAT(8.333497681e-3f);
    p = p * r + SPLAT(4.166629538e-2f);
    p = p * r + SPLAT(1.666666567e-1f);
    p = p * r + SPLAT(0.5f);
    p = p * (r * r) + r;
    p += SPLAT(1);
    // 2^n in two factors: n reaches 128 and -150, beyond the exponents of one float.
    INTEGERS half = n >> 1;
    VECTOR scale = (VECTOR)((half + 127) << 23);
    VECTOR rest = (VECTOR)((n - half + 127) << 23);
    return p * scale * rest;
}

// The error function, within 2 ulp: x + x P(x^2) near zero; further out 1 - exp(-Q(|x|)).
// Both polynomials are fitted to a relative error under 2e-9.
INLINE VECTOR OF_LANES(erf)(VECTOR x) {
    const INTEGERS sign = (INTEGERS)SPLAT(-0.0f);
    VECTOR a = (VECTOR)((INTEGERS)x & ~sign);
    VECTOR s = x * x;
    VECTOR p = SPLAT(8.267496742e-5f);
    p = p * s + SPLAT(-8.118085680e-4f);
    p = p * s + SPLAT(5.198831204e-3f);
    p = p * s + SPLAT(-2.685849741e-2f);
    p = p * s + SPLAT(1.128367931e-1f);
    p = p * s + SPLAT(-3.761263192e-1f);
    p = p * s + SPLAT(1.283791661e-1f);
    VECTOR near = p * x + x;
    VECTOR c = CHOOSE(a > 4, SPLAT(4), a);
    VECTOR q = SPLAT(-1.929504942e-4f);
    q = q * c + SPLAT(3.013947280e-3f);
    q = q * c + SPLAT(-2.211037092e-2f);
    q = q * c + SPLAT(1.036901101e-1f);
    q = q * c + SPLAT(6.374570727e-1f);
    q = q * c + SPLAT(1.127512693f);
    q = q * c + SPLAT(2.350710711e-4f);
    VECTOR far = 1 - OF_LANES(exp)(-q);
    far = (VECTOR)((INTEGERS)far | ((INTEGERS)x & sign));
    return CHOOSE(a > 0.9375f, far, near);
}

INLINE VECTOR OF_LANES(silu)(VECTOR x) { return x / (1 + OF_LANES(exp)(-x)); }

INLINE VECTOR OF_LANES(gelu)(VECTOR x) {
    return 0.5f * x * (1 + OF_LANES(erf)(x * 0.707106781f));
}

INLINE VECTOR OF_LANES(relu)(VECTOR x) { return CHOOSE(x < 0, SPLAT(0), x); }

#undef CHOOSE
#undef SPLAT
#undef INTEGERS
#undef VECTOR
#undef OF_LANES
#undef NAMED
#undef JOINED
