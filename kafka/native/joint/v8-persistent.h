// v8::Persistent: a strong reference. As with V8's default traits its destructor does not let go; Reset() does.
#ifndef JOINT_V8_PERSISTENT_H_
#define JOINT_V8_PERSISTENT_H_

#include "v8-handles.h"

namespace v8 {

template <class T>
class Persistent {
 public:
  Persistent() {}
  template <class S>
  explicit Persistent(const Local<S> &value) {
    Refer(value.handle());
  }
  Persistent(const Persistent &) = delete;
  Persistent &operator=(const Persistent &) = delete;

  bool IsEmpty() const { return !reference_ && !is_number_; }
  void Reset() {
    // Upstream destroys some of these on librdkafka's threads, or when the environment has ended. The reference is
    // then left to the environment, which frees it when it ends.
    const joint::Environment *current = joint::Environment::CurrentOrNull();
    if (reference_ && current && current->env() == env_) napi_delete_reference(env_, reference_);
    reference_ = nullptr;
    is_number_ = false;
  }
  template <class S>
  void Reset(const Local<S> &value) {
    Reset();
    Refer(value.handle());
  }
  Local<T> Get() const {
    napi_value value = nullptr;
    if (is_number_) {
      joint::Succeeded(napi_create_double(env_, number_, &value));
      return Local<T>(value);
    }
    if (!reference_) return Local<T>();
    joint::Succeeded(napi_get_reference_value(env_, reference_, &value));
    if (is_boxed_ && value) joint::Succeeded(napi_get_element(env_, value, 0, &value));
    return Local<T>(value);
  }

 private:
  void Refer(napi_value value) {
    if (!value) return;
    env_ = joint::Env();
    napi_valuetype type = napi_undefined;
    napi_typeof(env_, value, &type);
    is_number_ = type == napi_number;
    if (is_number_) {  // a reference costs as much as producing a small message
      joint::Succeeded(napi_get_value_double(env_, value, &number_));
      return;
    }
    is_boxed_ = type != napi_object && type != napi_function;
    if (is_boxed_) {  // Node-API refers to no primitives, and the opaque of a message may be any value
      napi_value box = nullptr;
      joint::Succeeded(napi_create_array_with_length(env_, 1, &box));
      joint::Succeeded(napi_set_element(env_, box, 0, value));
      value = box;
    }
    joint::Succeeded(napi_create_reference(env_, value, 1, &reference_));
  }

  napi_env env_ = nullptr;
  napi_ref reference_ = nullptr;
  bool is_boxed_ = false;
  bool is_number_ = false;
  double number_ = 0;
};

}  // namespace v8

#endif  // JOINT_V8_PERSISTENT_H_
