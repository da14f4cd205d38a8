#include "deliveries.h"

#include <rdkafka.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace batch {

namespace {

// Upstream's opaques are pointers to objects of its own, which are aligned: the lowest bit is free to tell ours.
constexpr uintptr_t kOurs = 1;

Sent *SentOf(void *opaque) {
  const auto address = reinterpret_cast<uintptr_t>(opaque);
  return address & kOurs ? reinterpret_cast<Sent *>(address & ~kOurs) : nullptr;
}

void Reach(Batch *batch, int32_t topic, int32_t partition, int64_t offset) {
  const auto is_it = [&](const End &end) { return end.partition == partition && end.topic == topic; };
  std::vector<End> &ends = batch->ends;
  if (batch->last_end >= ends.size() || !is_it(ends[batch->last_end])) {
    const auto found = std::find_if(ends.begin(), ends.end(), is_it);
    batch->last_end = static_cast<size_t>(found - ends.begin());
    if (found == ends.end()) ends.push_back({topic, partition, 0});
  }
  End &end = ends[batch->last_end];
  end.offset = std::max(end.offset, offset + 1);
}

}  // namespace

void *Deliveries::OpaqueOf(Sent *message) {
  return reinterpret_cast<void *>(reinterpret_cast<uintptr_t>(message) | kOurs);
}

void Deliveries::dr_cb(RdKafka::Message &report) {
  const rd_kafka_message_t *const message = report.c_ptr();
  Sent *const sent = SentOf(message->_private);
  if (!sent) return upstreams_->dr_cb(report);
  std::lock_guard<std::mutex> lock(mutex_);
  // Without acknowledgements there are no offsets.
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset >= 0)
    Reach(sent->batch, sent->topic, message->partition, message->offset);
  Settle(sent, message->err);
  if (std::exchange(wants_room_, false)) Wake();
}

void Deliveries::Settle(Sent *message, int32_t error) {
  if (message->error != Sent::kAwaited) return;
  message->error = error;
  Batch *const batch = message->batch;
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) batch->failed++;
  if (--batch->awaited > 0) return;
  ended_.push_back(batch);
  Wake();
}

// Once for all that happens until JavaScript comes to it.
void Deliveries::Wake() {
  if (is_waking_) return;
  // Weak: the client may be collected before the task runs.
  is_waking_ = environment_.Post([weak = weak_from_this()] {
    if (const auto deliveries = weak.lock()) deliveries->Tell();
  });
}

void Deliveries::Tell() {
  std::vector<Batch *> ended;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    is_waking_ = false;
    ended.swap(ended_);
  }
  if (is_closed()) return;
  Nan::HandleScope scope;
  v8::Local<v8::Value> argv[] = {Results(ended)};
  for (const Batch *batch : ended) open_.erase(batch->id);
  tell_->Call(1, argv);
}

int32_t Deliveries::TopicNumber(const std::string &name) {
  const auto found = std::find(topics_.begin(), topics_.end(), name);
  const auto number = static_cast<int32_t>(found - topics_.begin());
  if (found == topics_.end()) topics_.push_back(name);
  return number;
}

const std::string &Deliveries::TopicName(int64_t number) const {
  if (number < 0 || static_cast<size_t>(number) >= topics_.size()) throw joint::Impossible{"no topic has that number"};
  return topics_[static_cast<size_t>(number)];
}

Batch *Deliveries::Open(int64_t id, size_t size) {
  std::unique_ptr<Batch> &batch = open_[id];
  if (!batch) {
    batch = std::make_unique<Batch>(Batch{id, {}, size});
    batch->messages.assign(size, Sent{batch.get()});
  }
  if (batch->messages.size() != size) throw joint::Impossible{"the batch of that id has another size"};
  return batch.get();
}

void Deliveries::Fail(Sent *message, int32_t error) {
  std::lock_guard<std::mutex> lock(mutex_);
  Settle(message, error);
}

void Deliveries::AskForRoom() {
  std::lock_guard<std::mutex> lock(mutex_);
  wants_room_ = true;
}

v8::Local<v8::Value> Deliveries::Close(int32_t error) {
  std::vector<Batch *> all;
  std::lock_guard<std::mutex> lock(mutex_);
  tell_.reset();
  for (const auto &[id, batch] : open_) {
    for (Sent &message : batch->messages) Settle(&message, error);
    all.push_back(batch.get());
  }
  ended_.clear();
  const v8::Local<v8::Value> results = Results(all);
  open_.clear();
  return results;
}

v8::Local<v8::Value> Deliveries::Results(const std::vector<Batch *> &batches) {
  std::vector<double> numbers;
  const auto put = [&numbers](auto... values) { (numbers.push_back(static_cast<double>(values)), ...); };
  for (Batch *batch : batches) {
    std::sort(batch->ends.begin(), batch->ends.end(), [](const End &a, const End &b) {
      return std::tie(a.topic, a.partition) < std::tie(b.topic, b.partition);
    });
    put(batch->id, batch->ends.size(), batch->failed);
    for (const End &end : batch->ends) put(end.topic, end.partition, end.offset);
    for (size_t i = 0; batch->failed > 0 && i < batch->messages.size(); i++)
      if (const int32_t error = batch->messages[i].error) put(i, error);
  }
  void *data = nullptr;
  napi_value buffer = nullptr;
  const size_t length = numbers.size() * sizeof(double);
  if (joint::Succeeded(napi_create_arraybuffer(joint::Env(), length, &data, &buffer)) && length > 0)
    memcpy(data, numbers.data(), length);
  return v8::Local<v8::Value>(buffer);
}

}  // namespace batch
