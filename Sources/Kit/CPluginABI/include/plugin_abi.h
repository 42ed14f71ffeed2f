#ifndef VOKEN_PLUGIN_ABI_H
#define VOKEN_PLUGIN_ABI_H
#include <stdint.h>

// Marks a shared library as a Voken plugin and says which compiler built it, as an ELF note
// (PT_NOTE) that the host reads from the file's bytes before any of its code can run. Swift
// emits a constant of an imported header into each image that mentions it, with the values of
// *that* image's build; `exportPlugin` mentions it on behalf of every plugin.
struct voken_plugin_note {
    uint32_t name_size, descriptor_size, type;
    char name[8];
    char compiler[128];
};

// The type is the version of this layout. `__VERSION__` is the version of Swift's own clang with
// the commit it was built from, so it identifies the toolchain.
__attribute__((used, section(".note.voken"), aligned(4)))
static const struct voken_plugin_note voken_plugin_note = {
    sizeof(((struct voken_plugin_note *)0)->name),
    sizeof(((struct voken_plugin_note *)0)->compiler),
    1,
    "Voken",
    __VERSION__,
};

#endif
