// What we add to upstream's classes: whole batches in one call, beside upstream's methods, which stay as they are.
#ifndef BATCH_METHODS_H_
#define BATCH_METHODS_H_

#include <nan.h>

namespace batch {

// KafkaConsumer
NAN_METHOD(ConsumePacked);

// Producer
NAN_METHOD(OpenDeliveries);
NAN_METHOD(TopicNumber);
NAN_METHOD(ProducePacked);
NAN_METHOD(CloseDeliveries);

}  // namespace batch

#endif  // BATCH_METHODS_H_
