#include "nan-object.h"

#include <node.h>

#include <exception>

#include "later-calls.h"
#include "openssl.h"

namespace batch {
// What we add to upstream's classes.
void AddMethods(v8::Local<v8::Object> exports);
}  // namespace batch

namespace joint {

namespace {

// What JavaScript passed to a native method.
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info) : argv(fixed_) {
    argc = kFixed;
    napi_get_cb_info(env, info, &argc, fixed_, &self, &callback);
    if (argc <= kFixed) return;
    more_.resize(argc);
    argv = more_.data();
    napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  }
  size_t argc;
  napi_value *argv;
  napi_value self = nullptr;
  void *callback = nullptr;

 private:
  static constexpr size_t kFixed = 16;
  napi_value fixed_[kFixed];
  std::vector<napi_value> more_;
};

bool IsConstructCall(napi_env env, napi_callback_info info) {
  napi_value new_target = nullptr;
  napi_get_new_target(env, info, &new_target);
  if (!new_target) return false;
  // Deno answers a plain call with undefined where Node answers with no handle.
  napi_valuetype type = napi_undefined;
  napi_typeof(env, new_target, &type);
  return type == napi_function;
}

}  // namespace

napi_value OnMethodCall(napi_env env, napi_callback_info info) {
  const Environment::Scope scope(Environment::Of(env));
  const Arguments arguments(env, info);
  napi_value result = nullptr;
  MethodFrame frame;
  try {
    reinterpret_cast<Nan::FunctionCallback>(arguments.callback)(Nan::FunctionCallbackInfo<v8::Value>(
        arguments.self, arguments.argv, arguments.argc, IsConstructCall(env, info), &result));
  } catch (const Impossible &impossible) {
    ThrowNative(impossible.what);
  } catch (const std::exception &error) {
    ThrowNative(error.what());
  }
  return frame.ThrowDeferred() ? nullptr : result;
}

napi_value Call(napi_value function, int argc, napi_value *argv) {
  napi_value result = nullptr, global = nullptr;
  const napi_value undefined = Nan::Undefined().handle();
  if (!function) return undefined;
  if (!MethodFrame::IsInMethod() && TaskFrame::KeepCall(function, argc, argv)) return undefined;
  napi_get_global(Env(), &global);
  for (int i = 0; i < argc; i++)
    if (!argv[i]) argv[i] = undefined;
  const bool returned =
      Succeeded(napi_call_function(Env(), global, function, static_cast<size_t>(argc), argv, &result));
  return returned && result ? result : undefined;
}

napi_value InitialiseModule(napi_env env, napi_value exports, ModuleInit init) {
  KeepOpensslToTheEnd();
  Environment *environment = Environment::Create(env);
  if (!environment) return nullptr;
  const Environment::Scope scope(environment);
  MethodFrame frame;
  try {
    init(v8::Local<v8::Object>(exports), v8::Local<v8::Value>(), nullptr);
    batch::AddMethods(v8::Local<v8::Object>(exports));
  } catch (const Impossible &impossible) {
    ThrowNative(impossible.what);
  }
  return frame.ThrowDeferred() ? nullptr : exports;
}

void DefineConstant(v8::Local<v8::Object> target, const char *name, double value) {
  const v8::Local<v8::Number> number = Nan::New(value);
  napi_property_descriptor constant = {};
  constant.utf8name = name;
  constant.value = number.handle();
  constant.attributes = napi_enumerable;
  Succeeded(napi_define_properties(Env(), target.handle(), 1, &constant));
}

}  // namespace joint

namespace Nan {

void ObjectWrap::Wrap(v8::Local<v8::Object> object) {
  joint::Succeeded(napi_wrap(joint::Env(), object.handle(), this, Finalize, nullptr, &object_));
}

ObjectWrap *ObjectWrap::Unwrap(napi_value object) {
  void *wrap = nullptr;
  napi_unwrap(joint::Env(), object, &wrap);
  return static_cast<ObjectWrap *>(wrap);
}

void ObjectWrap::Finalize(napi_env env, void *data, void *) {
  joint::Environment *environment = joint::Environment::Of(env);
  if (!environment || environment->is_closed()) return;
  auto *wrap = static_cast<ObjectWrap *>(data);
  // The runtime is ending this environment and its event loop still turns: Deno finalizes every object of a test file
  // before it says so, and then again those that are collected until the end (its issue 36499). JavaScript may still use
  // this one. It is left to the garbage collector, or to the end of the process, where NAN frees nothing either.
  napi_value object = nullptr;
  if (napi_get_reference_value(env, wrap->object_, &object) != napi_ok || object) return;
  napi_delete_reference(env, wrap->object_);
  // Later: a native call of this client may be under way, which upstream does not count as a reference to it. And never,
  // when the environment ends before: a live client would be disconnected here, which blocks.
  environment->PostWhenIdle([wrap] { delete wrap; });
}

}  // namespace Nan

namespace v8 {

void FunctionTemplate::SetClassName(Local<String> name) { name_ = *Nan::Utf8String(name); }

MaybeLocal<Function> FunctionTemplate::GetFunction(Local<Context>) {
  if (!function_.IsEmpty()) return function_.Get();
  napi_env env = joint::Env();
  napi_value function = nullptr;
  void *const callback = reinterpret_cast<void *>(callback_);
  if (name_.empty()) {
    joint::Succeeded(napi_create_function(env, "", 0, joint::OnMethodCall, callback, &function));
  } else {
    std::vector<napi_property_descriptor> methods;
    for (const auto &[name, method] : methods_) {
      napi_property_descriptor descriptor = {};
      descriptor.utf8name = name.c_str();
      descriptor.method = joint::OnMethodCall;
      descriptor.data = reinterpret_cast<void *>(method);
      // As V8's prototype templates: people replace methods in tests.
      descriptor.attributes =
          static_cast<napi_property_attributes>(napi_writable | napi_enumerable | napi_configurable);
      methods.push_back(descriptor);
    }
    joint::Succeeded(napi_define_class(env, name_.data(), name_.size(), joint::OnMethodCall, callback, methods.size(),
                                       methods.data(), &function));
  }
  if (!function) return MaybeLocal<Function>();
  function_.Reset(Local<Function>(function));
  return MaybeLocal<Function>(function);
}

}  // namespace v8
