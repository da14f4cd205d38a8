// v8::Local, MaybeLocal and Maybe: a handle is a napi_value, and nothing more.
#ifndef JOINT_V8_HANDLES_H_
#define JOINT_V8_HANDLES_H_

#include <type_traits>

#include "exceptions.h"

namespace v8 {

// Node-API has one current isolate and context, the environment's; these only fill V8's parameter lists.
class Isolate {
 public:
  static Isolate *GetCurrent() { return nullptr; }
};

template <class T>
class Maybe {
 public:
  Maybe() : has_value_(false), value_() {}
  explicit Maybe(T value) : has_value_(true), value_(value) {}
  bool IsNothing() const { return !has_value_; }
  bool IsJust() const { return has_value_; }
  T FromJust() const {
    if (!has_value_) throw joint::Impossible{"v8::FromJust: the Maybe is Nothing"};
    return value_;
  }
  T ToChecked() const { return FromJust(); }
  T FromMaybe(const T &otherwise) const { return has_value_ ? value_ : otherwise; }

 private:
  bool has_value_;
  T value_;
};
template <class T>
Maybe<T> Nothing() {
  return Maybe<T>();
}
template <class T>
Maybe<T> Just(const T &value) {
  return Maybe<T>(value);
}

// What a Local points to: V8's classes are views of this one napi_value.
class Data {
 public:
  napi_value handle = nullptr;
};
class Context : public Data {};

template <class T>
class Local {
 public:
  Local() {}
  explicit Local(napi_value handle) { target_.handle = handle; }
  template <class S, class = std::enable_if_t<std::is_base_of_v<T, S>>>
  Local(const Local<S> &other) {  // NOLINT: V8 converts a Local to a base class's without a word
    target_.handle = other.handle();
  }
  bool IsEmpty() const { return handle() == nullptr; }
  T *operator->() const { return const_cast<T *>(&target_); }
  T *operator*() const { return const_cast<T *>(&target_); }
  template <class S>
  Local<S> As() const {
    return Local<S>(handle());
  }
  template <class S>
  static Local<T> Cast(const Local<S> &other) {
    return Local<T>(other.handle());
  }
  template <class S>
  bool operator==(const Local<S> &other) const {
    if (IsEmpty() || other.IsEmpty()) return IsEmpty() == other.IsEmpty();
    bool equal = false;
    napi_strict_equals(joint::Env(), handle(), other.handle(), &equal);
    return equal;
  }
  napi_value handle() const { return target_.handle; }

 private:
  T target_;
};

template <class T>
class MaybeLocal {
 public:
  MaybeLocal() {}
  explicit MaybeLocal(napi_value handle) : local_(handle) {}
  template <class S, class = std::enable_if_t<std::is_base_of_v<T, S>>>
  MaybeLocal(const Local<S> &local) : local_(local) {}  // NOLINT: as in V8
  bool IsEmpty() const { return local_.IsEmpty(); }
  template <class S>
  bool ToLocal(Local<S> *out) const {
    *out = local_;
    return !IsEmpty();
  }
  Local<T> ToLocalChecked() const {
    if (IsEmpty()) throw joint::Impossible{"v8::ToLocalChecked: the MaybeLocal is empty"};
    return local_;
  }
  template <class S>
  Local<S> FromMaybe(Local<S> otherwise) const {
    return IsEmpty() ? otherwise : Local<S>(local_);
  }

 private:
  Local<T> local_;
};

}  // namespace v8

#endif  // JOINT_V8_HANDLES_H_
