#include "cpng.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Where an error is put and where it goes. Locals that are changed after setjmp live here too:
// a jump leaves the values of others undefined.
typedef struct {
  jmp_buf jump;
  char *message;
  size_t capacity;
  const uint8_t *input;
  size_t remaining;
  uint8_t *output;
  size_t count;
  size_t reserved;
  png_bytep *rows;
} context;

static void fail(png_structp png, png_const_charp text) {
  context *state = png_get_error_ptr(png);
  snprintf(state->message, state->capacity, "%s", text);
  longjmp(state->jump, 1);
}

static void ignore(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep target, size_t length) {
  context *state = png_get_io_ptr(png);
  if (length > state->remaining) png_error(png, "the file ends early");
  memcpy(target, state->input, length);
  state->input += length;
  state->remaining -= length;
}

static void write_bytes(png_structp png, png_bytep source, size_t length) {
  context *state = png_get_io_ptr(png);
  if (length > state->reserved - state->count) {
    size_t reserved = state->reserved + length + state->reserved / 2;
    uint8_t *grown = realloc(state->output, reserved);
    if (!grown) png_error(png, "out of memory");
    state->output = grown;
    state->reserved = reserved;
  }
  memcpy(state->output + state->count, source, length);
  state->count += length;
}

static void flush(png_structp png) { (void)png; }

static void decode(
    png_structp png, png_infop info, context *state, uint32_t width, uint32_t height,
    uint8_t *rgba) {
  png_set_read_fn(png, state, read_bytes);
  png_set_user_limits(png, width, height);
  png_set_chunk_cache_max(png, 64);
  png_set_chunk_malloc_max(png, 1 << 20);
  png_read_info(png, info);
  if (png_get_image_width(png, info) != width || png_get_image_height(png, info) != height)
    png_error(png, "two different sizes");
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_gray_to_rgb(png);
  png_set_add_alpha(png, 255, PNG_FILLER_AFTER);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  if (png_get_rowbytes(png, info) != (size_t)width * 4) png_error(png, "unexpected row size");
  state->rows = malloc(height * sizeof *state->rows);
  if (!state->rows) png_error(png, "out of memory");
  for (size_t y = 0; y < height; y++) state->rows[y] = rgba + y * width * 4;
  png_read_image(png, state->rows);
  png_read_end(png, NULL);
}

int voken_png_decode(
    const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, uint8_t *rgba,
    char *message, size_t capacity) {
  context state = {
      .message = message, .capacity = capacity, .input = bytes, .remaining = count};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state, fail, ignore);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  int status = -1;
  if (!info) {
    snprintf(message, capacity, "out of memory");
  } else if (!setjmp(state.jump)) {
    decode(png, info, &state, width, height, rgba);
    status = 0;
  } else {
    status = -1;
  }
  png_destroy_read_struct(&png, &info, NULL);
  free(state.rows);
  return status;
}

// The level, the filters and the absence of a time chunk are part of the output: equal pixels give
// equal bytes.
static void encode(
    png_structp png, png_infop info, context *state, const uint8_t *rgb, uint32_t width,
    uint32_t height) {
  png_set_write_fn(png, state, write_bytes, flush);
  png_set_user_limits(png, width, height);
  png_set_IHDR(
      png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
      PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(png, 6);
  png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
  png_write_info(png, info);
  for (size_t y = 0; y < height; y++) png_write_row(png, rgb + y * width * 3);
  png_write_end(png, NULL);
}

int voken_png_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, uint8_t **bytes, size_t *count,
    char *message, size_t capacity) {
  context state = {.message = message, .capacity = capacity};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &state, fail, ignore);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  int status = -1;
  if (!info) {
    snprintf(message, capacity, "out of memory");
  } else if (!setjmp(state.jump)) {
    encode(png, info, &state, rgb, width, height);
    status = 0;
  } else {
    status = -1;
  }
  png_destroy_write_struct(&png, &info);
  if (status == 0) {
    *bytes = state.output;
    *count = state.count;
  } else {
    free(state.output);
  }
  return status;
}
