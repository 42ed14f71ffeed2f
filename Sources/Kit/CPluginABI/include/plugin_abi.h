#ifndef VOKEN_PLUGIN_ABI_H
#define VOKEN_PLUGIN_ABI_H
// Placeholder until PluginHost's note lands.
#include <stdint.h>
#endif
