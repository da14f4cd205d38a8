// v8::FunctionTemplate: collects methods; becomes a function, or a class, when it is first asked for one.
#ifndef JOINT_V8_TEMPLATE_H_
#define JOINT_V8_TEMPLATE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "v8-persistent.h"
#include "v8-values.h"

namespace Nan {
template <class T>
class FunctionCallbackInfo;
typedef void (*FunctionCallback)(const FunctionCallbackInfo<v8::Value> &);
}  // namespace Nan

namespace v8 {

class ObjectTemplate {
 public:
  void SetInternalFieldCount(int) {}  // napi_wrap needs none
};

class FunctionTemplate {
 public:
  explicit FunctionTemplate(Nan::FunctionCallback callback) : callback_(callback) {}
  void SetClassName(Local<String> name);
  ObjectTemplate *InstanceTemplate() { return &instance_template_; }
  void AddMethod(const char *name, Nan::FunctionCallback callback) { methods_.emplace_back(name, callback); }
  MaybeLocal<Function> GetFunction(Local<Context>);

 private:
  const Nan::FunctionCallback callback_;
  ObjectTemplate instance_template_;
  std::string name_;
  std::vector<std::pair<std::string, Nan::FunctionCallback>> methods_;
  Persistent<Function> function_;
};

// A template is not a JavaScript value: its handle owns it. It lives while the module is initialised.
template <>
class Local<FunctionTemplate> {
 public:
  Local() {}
  explicit Local(std::shared_ptr<FunctionTemplate> target) : target_(std::move(target)) {}
  FunctionTemplate *operator->() const { return target_.get(); }

 private:
  std::shared_ptr<FunctionTemplate> target_;
};

}  // namespace v8

#endif  // JOINT_V8_TEMPLATE_H_
