#pragma once
// libpng from memory to memory. Its errors jump past C frames alone: no jump crosses Swift.
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/// Decodes a PNG of any colour type, depth and interlacing to rows of R, G, B, A, eight bits each.
/// Returns 0 if `rgba`, of width * height * 4 bytes, was filled; else -1 and a terminated message.
int voken_png_decode(
    const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, uint8_t *rgba,
    char *message, size_t capacity);

/// Encodes rows of R, G, B. Returns 0, and bytes to be freed with free(); else -1 and a message.
int voken_png_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, uint8_t **bytes, size_t *count,
    char *message, size_t capacity);

#pragma GCC visibility pop
