// NAN's objects: properties, classes, and objects that wrap a native one.
#ifndef JOINT_NAN_OBJECT_H_
#define JOINT_NAN_OBJECT_H_

#include <memory>

#include "nan-call.h"

namespace Nan {

// --- properties

inline Maybe<bool> Set(v8::Local<v8::Object> object, v8::Local<v8::Value> key, v8::Local<v8::Value> value) {
  if (!joint::Succeeded(napi_set_property(joint::Env(), object.handle(), key.handle(), value.handle())))
    return v8::Nothing<bool>();
  return v8::Just(true);
}
inline Maybe<bool> Set(v8::Local<v8::Object> object, uint32_t index, v8::Local<v8::Value> value) {
  if (!joint::Succeeded(napi_set_element(joint::Env(), object.handle(), index, value.handle())))
    return v8::Nothing<bool>();
  return v8::Just(true);
}
inline MaybeLocal<v8::Value> Get(v8::Local<v8::Object> object, v8::Local<v8::Value> key) {
  napi_value value = nullptr;
  joint::Succeeded(napi_get_property(joint::Env(), object.handle(), key.handle(), &value));
  return MaybeLocal<v8::Value>(value);
}
inline MaybeLocal<v8::Value> Get(v8::Local<v8::Object> object, uint32_t index) {
  napi_value value = nullptr;
  joint::Succeeded(napi_get_element(joint::Env(), object.handle(), index, &value));
  return MaybeLocal<v8::Value>(value);
}
inline Maybe<bool> Has(v8::Local<v8::Object> object, v8::Local<v8::String> key) {
  bool has = false;
  if (!joint::Succeeded(napi_has_property(joint::Env(), object.handle(), key.handle(), &has)))
    return v8::Nothing<bool>();
  return v8::Just(has);
}
inline MaybeLocal<v8::Array> GetOwnPropertyNames(v8::Local<v8::Object> object) {
  return object->GetOwnPropertyNames(GetCurrentContext());
}

// --- classes

inline void SetPrototypeMethod(const v8::Local<v8::FunctionTemplate> &target, const char *name,
                               FunctionCallback callback) {
  target->AddMethod(name, callback);
}
inline MaybeLocal<v8::Function> GetFunction(const v8::Local<v8::FunctionTemplate> &target) {
  return target->GetFunction(GetCurrentContext());
}
inline MaybeLocal<v8::Object> NewInstance(v8::Local<v8::Function> constructor, int argc, v8::Local<v8::Value> argv[]) {
  napi_value instance = nullptr;
  joint::Succeeded(napi_new_instance(joint::Env(), constructor.handle(), static_cast<size_t>(argc),
                                     reinterpret_cast<napi_value *>(argv), &instance));
  return MaybeLocal<v8::Object>(instance);
}

// A native object that lives as long as its JavaScript object.
class ObjectWrap {
 public:
  ObjectWrap() {}
  virtual ~ObjectWrap() {}
  // The checked cast is what V8's signatures are for NAN: a method of one class may be called on an object of another.
  template <class T>
  static T *Unwrap(v8::Local<v8::Object> object) {
    T *const wrap = dynamic_cast<T *>(Unwrap(object.handle()));
    if (!wrap) throw joint::Impossible{"Illegal invocation: this is no Kafka client of that kind"};
    return wrap;
  }

  // What else lives as long as this: it goes when the object itself is gone.
  std::shared_ptr<void> companion;

 protected:
  void Wrap(v8::Local<v8::Object> object);

 private:
  ObjectWrap(const ObjectWrap &) = delete;
  // Null when `object` wraps nothing.
  static ObjectWrap *Unwrap(napi_value object);
  static void Finalize(napi_env env, void *data, void *);

  napi_ref object_ = nullptr;  // weak
};

}  // namespace Nan

#endif  // JOINT_NAN_OBJECT_H_
