#include "cjpeg.h"

#include <setjmp.h>
#include <stdio.h>  // before jpeglib.h, which uses FILE and size_t
#include <stdlib.h>

#include <jerror.h>
#include <jpeglib.h>

// A progressive file may hold any number of scans, each of which costs a pass over the image.
enum { maximum_scans = 100 };

// Locals that are changed after setjmp live here: a jump leaves the values of others undefined.
typedef struct {
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf jump;
  char *message;
  size_t capacity;
  uint8_t *row;
} context;

static void stop(context *state, const char *text) {
  snprintf(state->message, state->capacity, "%s", text);
  longjmp(state->jump, 1);
}

static void fail(j_common_ptr jpeg) {
  context *state = jpeg->client_data;
  char text[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, text);
  stop(state, text);
}

// Of the warnings only those of missing data matter: the decoder would invent grey pixels.
static void warn(j_common_ptr jpeg, int level) {
  int code = jpeg->err->msg_code;
  if (level < 0 && (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER)) fail(jpeg);
}

static void silence(j_common_ptr jpeg) { (void)jpeg; }

static void limit_scans(j_common_ptr jpeg) {
  if (jpeg->is_decompressor && ((j_decompress_ptr)jpeg)->input_scan_number > maximum_scans)
    stop(jpeg->client_data, "too many progressive scans");
}

static uint8_t product(unsigned a, unsigned b) { return (uint8_t)((a * b + 127) / 255); }

// CMYK to RGB without a colour profile. Adobe's writers store the inks inverted.
static void to_rgb(const uint8_t *cmyk, uint8_t *rgb, uint32_t width, int inverted) {
  for (size_t x = 0; x < width; x++) {
    unsigned light = inverted ? cmyk[4 * x + 3] : 255u - cmyk[4 * x + 3];
    for (size_t c = 0; c < 3; c++) {
      unsigned ink = cmyk[4 * x + c];
      rgb[3 * x + c] = product(inverted ? ink : 255 - ink, light);
    }
  }
}

static void decode(
    j_decompress_ptr jpeg, context *state, const uint8_t *bytes, size_t count, uint32_t width,
    uint32_t height, uint8_t *rgb) {
  jpeg_create_decompress(jpeg);
  jpeg->client_data = state;
  jpeg->progress = &state->progress;
  jpeg_mem_src(jpeg, bytes, count);
  jpeg_read_header(jpeg, TRUE);
  if (jpeg->image_width != width || jpeg->image_height != height)
    stop(state, "two different sizes");
  int inks = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
  jpeg->out_color_space = inks ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(jpeg);
  if (inks) {
    state->row = malloc((size_t)width * 4);
    if (!state->row) stop(state, "out of memory");
  }
  while (jpeg->output_scanline < height) {
    uint8_t *target = rgb + (size_t)jpeg->output_scanline * width * 3;
    uint8_t *row = inks ? state->row : target;
    if (jpeg_read_scanlines(jpeg, &row, 1) != 1) stop(state, "no more rows");
    if (inks) to_rgb(row, target, width, jpeg->saw_Adobe_marker);
  }
  jpeg_finish_decompress(jpeg);
}

int voken_jpeg_decode(
    const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, uint8_t *rgb,
    char *message, size_t capacity) {
  context state = {.message = message, .capacity = capacity};
  struct jpeg_decompress_struct jpeg = {0};
  jpeg.err = jpeg_std_error(&state.errors);
  jpeg.client_data = &state;
  state.errors.error_exit = fail;
  state.errors.emit_message = warn;
  state.errors.output_message = silence;
  state.progress.progress_monitor = limit_scans;
  int status;
  if (!setjmp(state.jump)) {
    decode(&jpeg, &state, bytes, count, width, height, rgb);
    status = 0;
  } else {
    status = -1;
  }
  jpeg_destroy_decompress(&jpeg);
  free(state.row);
  return status;
}
