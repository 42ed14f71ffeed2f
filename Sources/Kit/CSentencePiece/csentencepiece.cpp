#include "csentencepiece.h"

#include <sentencepiece_processor.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <vector>

struct voken_sentencepiece {
  sentencepiece::SentencePieceProcessor processor;
};

namespace {

// A copy that the caller frees; never of zero bytes, for which malloc may return NULL.
template <typename Element>
Element *copied(const Element *elements, size_t count) {
  auto *copy = static_cast<Element *>(std::malloc(count * sizeof(Element) + 1));
  if (copy && count) std::memcpy(copy, elements, count * sizeof(Element));
  return copy;
}

}  // namespace

voken_sentencepiece *voken_sentencepiece_load(
    const void *bytes, size_t count, char *message, size_t capacity) {
  try {
    auto model = std::make_unique<voken_sentencepiece>();
    const auto status = model->processor.LoadFromSerializedProto(
        {static_cast<const char *>(bytes), count});
    if (status.ok()) return model.release();
    std::snprintf(message, capacity, "%s", status.ToString().c_str());
  } catch (const std::exception &exception) {
    std::snprintf(message, capacity, "%s", exception.what());
  }
  return nullptr;
}

void voken_sentencepiece_free(voken_sentencepiece *model) { delete model; }

int32_t voken_sentencepiece_count(const voken_sentencepiece *model) {
  return model->processor.GetPieceSize();
}

int32_t voken_sentencepiece_id(const voken_sentencepiece *model, const char *piece) {
  try {
    // An unknown piece has the id of <unk>: look whether it is the piece of its id.
    const int id = model->processor.PieceToId(piece);
    return model->processor.IdToPiece(id) == piece ? id : -1;
  } catch (const std::exception &) {
    return -1;
  }
}

int32_t *voken_sentencepiece_encode(
    const voken_sentencepiece *model, const char *text, size_t length, size_t *count) {
  try {
    std::vector<int> ids;
    // A model may have a control piece that is also a text, and then cannot encode that text.
    if (!model->processor.Encode({text, length}, &ids).ok()) ids = {model->processor.unk_id()};
    *count = ids.size();
    return copied(ids.data(), ids.size());
  } catch (const std::exception &) {
    return nullptr;
  }
}

char *voken_sentencepiece_decode(
    const voken_sentencepiece *model, const int32_t *ids, size_t count, size_t *length) {
  try {
    std::string text;
    if (!model->processor.Decode(std::vector<int>(ids, ids + count), &text).ok()) return nullptr;
    *length = text.size();
    return copied(text.data(), text.size());
  } catch (const std::exception &) {
    return nullptr;
  }
}
