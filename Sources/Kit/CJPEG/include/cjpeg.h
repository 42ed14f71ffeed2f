#pragma once
// libjpeg from memory to memory. Its errors jump past C frames alone: no jump crosses Swift.
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/// Decodes a JPEG, baseline or progressive, grey, YCbCr, RGB, CMYK or YCCK, to rows of R, G, B.
/// Returns 0 if `rgb`, of width * height * 3 bytes, was filled; else -1 and a terminated message.
int voken_jpeg_decode(
    const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, uint8_t *rgb,
    char *message, size_t capacity);

#pragma GCC visibility pop
