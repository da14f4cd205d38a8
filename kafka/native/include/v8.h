// The part of V8's API that upstream's sources use, on Node-API.
#ifndef KAFKA_NATIVE_V8_H_
#define KAFKA_NATIVE_V8_H_

#include "joint/v8-handles.h"
#include "joint/v8-persistent.h"
#include "joint/v8-template.h"
#include "joint/v8-values.h"

#endif  // KAFKA_NATIVE_V8_H_
