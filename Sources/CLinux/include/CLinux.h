/// Linux calls that the Glibc module does not show to Swift.
///
/// Without _GNU_SOURCE, as it would give fd_set and the socket calls another shape than the Glibc module has, and Swift
/// refuses to import both. Without sys/socket.h, as its constants would then belong to this module in some builds and
/// to Glibc in others.
#ifndef CLINUX_H
#define CLINUX_H

#include <malloc.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

struct sockaddr;

/// accept4(2), which glibc declares for _GNU_SOURCE only. `peer_size` is a socklen_t.
extern int linux_accept4(int listener, struct sockaddr *peer, unsigned int *peer_size, int flags) __asm__("accept4");

/// memmem(3), likewise. Linear in both lengths.
extern void *linux_memmem(const void *bytes, size_t count, const void *wanted, size_t wanted_count) __asm__("memmem");

/// syscall(2) with four arguments, for calls that older C libraries do not have.
extern long linux_syscall(long number, long first, long second, long third, long fourth) __asm__("syscall");

/// prctl(2) with one argument.
extern int linux_prctl(int option, unsigned long argument) __asm__("prctl");

/// memfd_create(2), which glibc declares for _GNU_SOURCE only.
extern int linux_memfd_create(const char *name, unsigned int flags) __asm__("memfd_create");

/// environ(7), which Swift takes for unsafe to look at.
static inline char **linux_environment(void) {
  extern char **environ;
  return environ;
}

#endif
