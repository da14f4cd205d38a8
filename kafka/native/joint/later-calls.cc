#include "later-calls.h"

#include <utility>

#include "nan-call.h"

namespace joint {

namespace {
thread_local TaskFrame *innermost = nullptr;
constexpr int kMostArguments = 4;  // upstream passes two at most
}  // namespace

// Functions and arguments of all calls that one task keeps, in one array: so one reference holds them.
class TaskFrame::Values {
 public:
  Values() {
    napi_value array = nullptr;
    if (Succeeded(napi_create_array(Env(), &array))) Succeeded(napi_create_reference(Env(), array, 1, &array_));
  }
  // On the JavaScript thread: what is dropped while the environment ends is the host's to free.
  ~Values() {
    if (Environment::CurrentOrNull()) napi_delete_reference(Env(), array_);
  }
  Values(const Values &) = delete;

  uint32_t size() const { return size_; }
  napi_value Array() const {
    napi_value array = nullptr;
    napi_get_reference_value(Env(), array_, &array);
    return array;
  }
  void Add(napi_value array, napi_value value) {
    if (value) Succeeded(napi_set_element(Env(), array, size_, value));
    size_++;
  }

 private:
  napi_ref array_ = nullptr;
  uint32_t size_ = 0;
};

TaskFrame::TaskFrame() : outer_(innermost) { innermost = this; }
TaskFrame::~TaskFrame() { innermost = outer_; }

Entries TaskFrame::TakeEntries() { return std::exchange(entries_, {}); }

bool TaskFrame::KeepCall(napi_value function, int argc, const napi_value *argv) {
  TaskFrame *const task = innermost;
  if (!task || argc > kMostArguments || !std::exchange(task->has_called_, true)) return false;
  if (!task->values_) task->values_ = std::make_shared<Values>();
  Values &values = *task->values_;
  const napi_value array = values.Array();
  const uint32_t at = values.size();
  values.Add(array, function);
  for (int i = 0; i < argc; i++) values.Add(array, argv[i]);
  task->entries_.push_back([values = task->values_, at, argc] {
    const Nan::HandleScope scope;
    const napi_value kept = values->Array();
    napi_value called = nullptr, arguments[kMostArguments];
    napi_get_element(Env(), kept, at, &called);
    for (int i = 0; i < argc; i++) napi_get_element(Env(), kept, at + 1 + static_cast<uint32_t>(i), &arguments[i]);
    Call(called, argc, arguments);
  });
  return true;
}

}  // namespace joint
