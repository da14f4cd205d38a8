// Calls of JavaScript that upstream makes one after the other in one task of the event loop, as for a burst of delivery
// reports.
//
// Each of NAN's calls is an entry: between two of them Node runs what process.nextTick and promises left behind. Node-API
// has no such call; the host does it at the end of a task. So the first call is made, and each further one waits for an
// entry of its own, before any other task. Upstream looks at no result of these calls.
#ifndef JOINT_LATER_CALLS_H_
#define JOINT_LATER_CALLS_H_

#include <node_api.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

namespace joint {

using Entries = std::deque<std::function<void()>>;

// One task of the event loop, for as long as it runs; inside another one where a host serves its loop in a call.
class TaskFrame {
 public:
  TaskFrame();
  ~TaskFrame();
  TaskFrame(const TaskFrame &) = delete;
  // Keeps a call for later. False for the first of the task, which is to be made now. Outside native methods only.
  static bool KeepCall(napi_value function, int argc, const napi_value *argv);
  // The calls that were kept, an entry each.
  Entries TakeEntries();

 private:
  class Values;

  TaskFrame *const outer_;
  bool has_called_ = false;
  std::shared_ptr<Values> values_;
  Entries entries_;
};

}  // namespace joint

#endif  // JOINT_LATER_CALLS_H_
