/// Linux calls that the Glibc module does not show to Swift.
#ifndef CLINUX_H
#define CLINUX_H

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#endif
