#pragma once
// SentencePiece behind plain C: no C++ type, exception or symbol leaves this target.
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(hidden)

typedef struct voken_sentencepiece voken_sentencepiece;

/// Reads a serialised model; the bytes are not kept. On failure returns NULL and writes a
/// terminated message of at most `capacity` bytes.
voken_sentencepiece *voken_sentencepiece_load(
    const void *bytes, size_t count, char *message, size_t capacity);
void voken_sentencepiece_free(voken_sentencepiece *model);

int32_t voken_sentencepiece_count(const voken_sentencepiece *model);

/// The id of a piece, or -1.
int32_t voken_sentencepiece_id(const voken_sentencepiece *model, const char *piece);

/// Ids of a text, to be freed with free(); NULL if memory ran out.
int32_t *voken_sentencepiece_encode(
    const voken_sentencepiece *model, const char *text, size_t length, size_t *count);

/// The text of ids, each in 0..<count, not terminated, to be freed with free(); NULL if memory
/// ran out.
char *voken_sentencepiece_decode(
    const voken_sentencepiece *model, const int32_t *ids, size_t count, size_t *length);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
