#include "environment.h"

#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "exceptions.h"
#include "later-calls.h"

namespace joint {

namespace {
thread_local Environment *current = nullptr;
}

Environment *Environment::CurrentOrNull() { return current; }

Environment &Environment::Current() {
  if (__builtin_expect(current == nullptr, 0)) {
    fprintf(stderr, "kafka client: JavaScript was asked for on a thread that runs none\n");
    abort();
  }
  return *current;
}

Environment *Environment::Of(napi_env env) {
  if (current && current->env_ == env) return current;
  void *data = nullptr;
  napi_get_instance_data(env, &data);
  return static_cast<Environment *>(data);
}

Environment::Scope::Scope(Environment *environment) : outer_(current) { current = environment; }
Environment::Scope::~Scope() { current = outer_; }

Environment *Environment::Create(napi_env env) {
  auto *environment = new Environment(env);
  if (environment->Start()) return environment;
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) == napi_ok && !pending)
    napi_throw_error(env, nullptr, "kafka client: this runtime refused a part of Node-API that the client needs");
  return nullptr;
}

bool Environment::Start() {
  napi_value name, global, regexp, set_immediate, on_next_turn;
  bool is_deno = false;
  const auto on_end = [](napi_env, void *data, void *) { static_cast<Environment *>(data)->Close(); };
  if (napi_set_instance_data(env_, this, nullptr, nullptr) != napi_ok ||
      napi_create_string_utf8(env_, "confluent-kafka-javascript", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env_, nullptr, nullptr, name, 0, 1, this, on_end, this, OnWake, &wake_) !=
          napi_ok ||
      napi_unref_threadsafe_function(env_, wake_) != napi_ok ||
      napi_add_env_cleanup_hook(
          env_, [](void *data) { static_cast<Environment *>(data)->Close(); }, this) != napi_ok)
    return false;
  if (napi_get_global(env_, &global) != napi_ok ||
      napi_has_named_property(env_, global, "Deno", &is_deno) != napi_ok ||
      napi_get_named_property(env_, global, "RegExp", &regexp) != napi_ok ||
      napi_create_reference(env_, regexp, 1, &regexp_) != napi_ok ||
      napi_get_named_property(env_, global, "setImmediate", &set_immediate) != napi_ok)
    return false;
  entries_run_microtasks_ = !is_deno;
  napi_valuetype type = napi_undefined;
  napi_typeof(env_, set_immediate, &type);
  if (type != napi_function) return true;  // then a wake-up stands for the next turn
  return napi_create_function(env_, "kafkaNextTurn", NAPI_AUTO_LENGTH, OnNextTurn, nullptr, &on_next_turn) ==
             napi_ok &&
         napi_create_reference(env_, set_immediate, 1, &set_immediate_) == napi_ok &&
         napi_create_reference(env_, on_next_turn, 1, &on_next_turn_) == napi_ok;
}

void Environment::Close() {
  std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
}

napi_value Environment::RegExpConstructor() const {
  napi_value constructor = nullptr;
  napi_get_reference_value(env_, regexp_, &constructor);
  return constructor;
}

bool Environment::Post(std::function<void()> task) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (closed_) return false;
  posted_.push_back(std::move(task));
  if (!scheduled_) {
    scheduled_ = true;
    Wake();
  }
  return true;
}

void Environment::Hold() {
  if (held_++ == 0 && !closed_) napi_ref_threadsafe_function(env_, wake_);
}
void Environment::Release() {
  if (--held_ == 0 && !closed_) napi_unref_threadsafe_function(env_, wake_);
}

void Environment::BeginWork() {
  working_++;
  Hold();
}
void Environment::EndWork() {
  Release();
  working_--;
  RunWhenIdle();
}

void Environment::PostWhenIdle(std::function<void()> task) {
  Post([this, task = std::move(task)]() mutable {
    when_idle_.push_back(std::move(task));
    RunWhenIdle();
  });
}
void Environment::RunWhenIdle() {
  if (working_ > 0) return;
  for (const auto &task : std::exchange(when_idle_, {})) task();
}

void Environment::Wake() { napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking); }

void Environment::OnWake(napi_env env, napi_value, void *context, void *) {
  if (env) static_cast<Environment *>(context)->RunOne();  // no env: the runtime is ending
}
napi_value Environment::OnNextTurn(napi_env env, napi_callback_info) {
  Environment::Of(env)->RunOne();
  return nullptr;
}

// One task an entry, so that microtasks run between two of them; and in a turn only the tasks that were there when it
// began, as with uv_async_t. A threadsafe function alone goes on with what is posted meanwhile, up to 1,000 items in
// the same turn, and starves timers: flush() timed out. Deno goes on without microtasks too: there each task is a turn.
void Environment::RunOne() {
  std::function<void()> task;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    if (this_turn_.empty()) this_turn_.swap(posted_);
    if (this_turn_.empty()) {
      scheduled_ = false;
      return;
    }
    task = std::move(this_turn_.front());
    this_turn_.pop_front();
  }
  Scope scope(this);
  TaskFrame frame;
  RunOutsideMethod(task);
  task = nullptr;
  Entries entries = frame.TakeEntries();
  bool in_next_turn = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    this_turn_.insert(this_turn_.begin(), std::make_move_iterator(entries.begin()),
                      std::make_move_iterator(entries.end()));
    if (this_turn_.empty() && posted_.empty())
      scheduled_ = false;
    else if (this_turn_.empty() || !entries_run_microtasks_)
      in_next_turn = true;
    else
      Wake();
  }
  if (in_next_turn && !WakeInNextTurn()) Wake();
}

bool Environment::WakeInNextTurn() {
  if (!set_immediate_) return false;
  napi_value set_immediate = nullptr, callback = nullptr, global = nullptr, handle = nullptr;
  napi_get_reference_value(env_, set_immediate_, &set_immediate);
  napi_get_reference_value(env_, on_next_turn_, &callback);
  napi_get_global(env_, &global);
  return Succeeded(napi_call_function(env_, global, set_immediate, 1, &callback, &handle));
}

}  // namespace joint
