// Written by etc/protos: the google.protobuf.FileDescriptorSet of Protos/.
#pragma once
#include <stddef.h>
#include <stdint.h>
const uint8_t *voken_descriptor_set(size_t *count);
