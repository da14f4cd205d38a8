// The part of node.h that upstream's sources use: how a module is registered and its constants defined.
#ifndef KAFKA_NATIVE_NODE_H_
#define KAFKA_NATIVE_NODE_H_

#include <v8.h>

// Upstream asks in one place, for an API that changed in version 12.
#define NODE_MAJOR_VERSION 20

namespace joint {
typedef void (*ModuleInit)(v8::Local<v8::Object> exports, v8::Local<v8::Value> module, void *context);
napi_value InitialiseModule(napi_env env, napi_value exports, ModuleInit init);
// Defines a read-only, enumerable number, as Node's macro does.
void DefineConstant(v8::Local<v8::Object> target, const char *name, double value);
}  // namespace joint

#define NODE_DEFINE_CONSTANT(target, constant) \
  joint::DefineConstant(target, #constant, static_cast<double>(constant))

#define NODE_MODULE(name, init)                                                                         \
  extern "C" NAPI_MODULE_EXPORT int32_t node_api_module_get_api_version_v1(void) { return NAPI_VERSION; } \
  extern "C" NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {   \
    return joint::InitialiseModule(env, exports, init);                                                  \
  }

#endif  // KAFKA_NATIVE_NODE_H_
