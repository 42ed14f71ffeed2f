// Weights as they are stored; a part of kernels_body.h.

INLINE ptrdiff_t width(enum voken_format format) { return format == VOKEN_FLOAT32 ? 4 : 2; }

INLINE v8 load_weight(enum voken_format format, const void *x) {
    if (format == VOKEN_FLOAT32) return load(x);
    h8 halves;
    memcpy(&halves, x, sizeof halves);
    if (format == VOKEN_FLOAT16) return load_half(halves);
    return (v8)(__builtin_convertvector(halves, i8) << 16);
}

INLINE v8 load_some_weight(enum voken_format format, const void *x, ptrdiff_t count) {
    char bytes[32] = {0};
    memcpy(bytes, x, (size_t)(count * width(format)));
    return load_weight(format, bytes);
}

INLINE void decode_as(enum voken_format format, const char *x, float *y, ptrdiff_t count) {
    ptrdiff_t i = 0;
    for (; i + 8 <= count; i += 8) store(y + i, load_weight(format, x + i * width(format)));
    if (i < count)
        store_some(y + i, load_some_weight(format, x + i * width(format), count - i), count - i);
}

static void decode(enum voken_format format, const void *x, float *y, ptrdiff_t count) {
    switch (format) {
        case VOKEN_FLOAT32: decode_as(VOKEN_FLOAT32, x, y, count); break;
        case VOKEN_FLOAT16: decode_as(VOKEN_FLOAT16, x, y, count); break;
        case VOKEN_BFLOAT16: decode_as(VOKEN_BFLOAT16, x, y, count); break;
    }
}
