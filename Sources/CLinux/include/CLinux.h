/// Linux calls that the Glibc module does not show to Swift.
///
/// Without _GNU_SOURCE on purpose: it would give fd_set and the socket calls another shape than the Glibc module has,
/// and Swift refuses to import both.
#ifndef CLINUX_H
#define CLINUX_H

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

/// accept4(2), which glibc declares for _GNU_SOURCE only.
extern int linux_accept4(int listener, struct sockaddr *peer, socklen_t *peer_size, int flags) __asm__("accept4");

#endif
