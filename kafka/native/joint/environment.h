// One JavaScript environment (a runtime's main thread or one Worker) as the addon sees it.
//
// Upstream's sources were written for V8, where "the current isolate" is always at hand. Node-API passes a `napi_env`
// into each call instead, and a host may load the addon several times in one thread (one env each). So every entry from
// JavaScript makes its own environment the current one for as long as it lasts (see Scope), and everything else asks
// for the current one.
#ifndef JOINT_ENVIRONMENT_H_
#define JOINT_ENVIRONMENT_H_

#ifndef NAPI_VERSION
#define NAPI_VERSION 8
#endif
#include <node_api.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "strings.h"

namespace joint {

// Thrown where V8 would end the process (ToLocalChecked() of nothing, FromJust() of nothing); becomes a JavaScript
// exception where the call came in.
struct Impossible {
  const char *what;
};

class Environment {
 public:
  // Makes the environment of `env`; kept for ever, because threads of librdkafka may hold it past the env's end.
  // Null, with a JavaScript exception pending, when the host refuses.
  static Environment *Create(napi_env env);
  // The environment whose JavaScript is running on this thread; ends the process on a thread that has none, since what
  // upstream would do next has no meaning there.
  static Environment &Current();
  static Environment *CurrentOrNull();
  static Environment *Of(napi_env env);

  napi_env env() const { return env_; }
  bool is_closed() const { return closed_; }
  napi_value RegExpConstructor() const;
  Strings &strings() { return strings_; }

  // Runs `task` on the JavaScript thread, in a later turn of its event loop. From any thread. False when the
  // environment has ended: the task is dropped.
  bool Post(std::function<void()> task);
  // Keep the event loop alive, like a libuv handle that is open. JavaScript thread only.
  void Hold();
  void Release();
  // A native call on another thread, from before it starts until it is back. JavaScript thread only.
  void BeginWork();
  void EndWork();
  // Runs `task` in a later turn in which no native call is under way; never, when the environment ends before that.
  void PostWhenIdle(std::function<void()> task);

  // Makes an environment the current one of this thread.
  class Scope {
   public:
    explicit Scope(Environment *environment);
    ~Scope();
    Scope(const Scope &) = delete;

   private:
    Environment *outer_;
  };

 private:
  explicit Environment(napi_env env) : env_(env) {}
  bool Start();
  void Close();
  void Wake();
  void RunOne();
  bool WakeInNextTurn();
  void RunWhenIdle();

  static void OnWake(napi_env env, napi_value callback, void *context, void *data);
  static napi_value OnNextTurn(napi_env env, napi_callback_info info);

  const napi_env env_;
  bool entries_run_microtasks_ = true;
  int held_ = 0;     // JavaScript thread only, as the next two
  int working_ = 0;  // native calls under way
  std::vector<std::function<void()>> when_idle_;
  Strings strings_;  // JavaScript thread only
  napi_ref regexp_ = nullptr;
  napi_ref set_immediate_ = nullptr;
  napi_ref on_next_turn_ = nullptr;
  napi_threadsafe_function wake_ = nullptr;

  std::mutex mutex_;  // guards what follows
  bool closed_ = false;
  bool scheduled_ = false;                       // RunOne() is on its way
  std::deque<std::function<void()>> posted_;     // for a later turn
  std::deque<std::function<void()>> this_turn_;  // were there when this turn began
};

// The env of the current environment, where upstream's code says Isolate::GetCurrent().
inline napi_env Env() { return Environment::Current().env(); }

}  // namespace joint

#endif  // JOINT_ENVIRONMENT_H_
