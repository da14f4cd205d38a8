// OpenSSL inside the client, when a process ends that has live clients.
#ifndef JOINT_OPENSSL_H_
#define JOINT_OPENSSL_H_

namespace joint {

// To be called before anything of OpenSSL is. Else it frees its locks when the process ends, and threads of librdkafka that
// still run use them: a segmentation fault.
void KeepOpensslToTheEnd();

}  // namespace joint

#endif  // JOINT_OPENSSL_H_
