#include "methods.h"

namespace batch {

namespace {

v8::Local<v8::Object> PrototypeOf(v8::Local<v8::Object> exports, const char *name) {
  const auto get = [](v8::Local<v8::Object> from, const char *key) {
    return Nan::Get(from, Nan::New(key).ToLocalChecked()).ToLocalChecked().As<v8::Object>();
  };
  return get(get(exports, name), "prototype");
}

void Add(v8::Local<v8::Object> prototype, const char *name, Nan::FunctionCallback callback) {
  const v8::Local<v8::FunctionTemplate> method = Nan::New<v8::FunctionTemplate>(callback);
  Nan::Set(prototype, Nan::New(name).ToLocalChecked(), Nan::GetFunction(method).ToLocalChecked());
}

}  // namespace

void AddMethods(v8::Local<v8::Object> exports) {
  Add(PrototypeOf(exports, "KafkaConsumer"), "consumePacked", ConsumePacked);
  const v8::Local<v8::Object> producer = PrototypeOf(exports, "Producer");
  Add(producer, "openDeliveries", OpenDeliveries);
  Add(producer, "topicNumber", TopicNumber);
  Add(producer, "producePacked", ProducePacked);
  Add(producer, "closeDeliveries", CloseDeliveries);
}

}  // namespace batch
