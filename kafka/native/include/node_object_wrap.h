// Upstream includes it before it derives from Nan::ObjectWrap.
#include <nan.h>
