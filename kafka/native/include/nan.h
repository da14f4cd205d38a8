// The part of NAN that upstream's sources use, on Node-API.
#ifndef KAFKA_NATIVE_NAN_H_
#define KAFKA_NATIVE_NAN_H_

#include <node.h>
#include <node_buffer.h>
#include <uv.h>
#include <v8.h>

// Upstream relies on nan.h for assert().
#include <cassert>

#include "joint/nan-call.h"
#include "joint/nan-object.h"
#include "joint/nan-value.h"
#include "joint/nan-worker.h"

#define NAN_INLINE inline

#endif  // KAFKA_NATIVE_NAN_H_
