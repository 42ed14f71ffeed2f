// Written by etc/protos: every message of Protos/.
#pragma once
#include "descriptor_set.h"
#include "grpc/health/v1/health.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "ttrpc/envelope.pb-c.h"
#include "voken/v1/admin.pb-c.h"
#include "voken/v1/generation.pb-c.h"
#include "voken/v1/pipeline.pb-c.h"
#include "voken/v1/sessions.pb-c.h"
