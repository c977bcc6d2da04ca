// For LD_PRELOAD: makes system calls fail, by a table in shared memory that the test changes while the relay runs. The
// environment variable FAULTS names its file. The other side is faulty.py, which takes the names from CALLS below.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// `read_` and `write_` go by what is read from and written to.
#define CALLS(X) \
  X(accept4) X(recv) X(send) X(epoll_ctl) X(epoll_wait) X(setsockopt) X(getsockname) X(shutdown) X(close) \
  X(read_signal) X(read_inotify) X(read_file) X(write_stderr) X(write_file) X(open) X(fstat) X(lstat) X(stat) \
  X(inotify_init1) X(inotify_add_watch) X(epoll_create1) X(signalfd) X(socket) X(bind) X(listen) X(pthread_create) \
  X(pthread_sigmask) X(posix_spawn) X(pidfd_open) X(waitpid) X(fsync) X(rename) X(mkdir)

enum call {
#define X(name) C_##name,
  CALLS(X)
#undef X
  CALL_COUNT
};

// How a call fails.
enum manner {
  FINE,
  FAILS,    // with `code`, and nothing is done
  SHORT,    // one byte only, or one event
  TAKES,    // with `code`, though it was done and what it brought is gone
  SPURIOUS, // events that nothing stands behind
};

struct fault {
  atomic_int manner, code, every, calls, hits;
};

static struct table {
  atomic_llong monotonic_seconds, realtime_seconds;
  struct fault faults[CALL_COUNT];
} *table;

#define DESCRIPTORS 65536
enum kind { OTHER, SIGNALS, CHANGES };
static _Atomic uint8_t kinds[DESCRIPTORS];
static epoll_data_t watched[DESCRIPTORS];
static int highest;

__attribute__((constructor)) static void map(void) {
  const char *path = getenv("FAULTS");
  int file = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) abort();
  void *mapped = mmap(NULL, sizeof(struct table), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) abort();
  syscall(SYS_close, file);
  table = mapped;
}

// What this call is to do; `errno` is set for the manners that need one.
static enum manner next(enum call call) {
  if (!table) return FINE;
  struct fault *fault = &table->faults[call];
  int manner = atomic_load(&fault->manner);
  if (manner == FINE) return FINE;
  int count = atomic_fetch_add(&fault->calls, 1);
  if (count < 0 || count % atomic_load(&fault->every) != 0) return FINE;
  atomic_fetch_add(&fault->hits, 1);
  errno = atomic_load(&fault->code);
  return (enum manner)manner;
}

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (!found) abort();
  return found;
}
#define FAIL_OR(call, name, ...) \
  do { \
    if (next(call) == FAILS) return -1; \
    static __typeof__(&name) original; \
    if (!original) original = REAL(name); \
    return original(__VA_ARGS__); \
  } while (0)

static enum kind kind_of(int descriptor) {
  return descriptor >= 0 && descriptor < DESCRIPTORS ? atomic_load(&kinds[descriptor]) : OTHER;
}

static int noted(int descriptor, enum kind kind) {
  if (descriptor >= 0 && descriptor < DESCRIPTORS) atomic_store(&kinds[descriptor], (uint8_t)kind);
  return descriptor;
}

int accept4(int listener, struct sockaddr *peer, socklen_t *size, int flags) {
  enum manner manner = next(C_accept4);
  int code = errno;
  if (manner == FAILS) return -1;
  int taken = (int)syscall(SYS_accept4, listener, peer, size, flags);
  if (manner != TAKES || taken < 0) return taken;
  syscall(SYS_close, taken);
  errno = code;
  return -1;
}

ssize_t recv(int descriptor, void *buffer, size_t count, int flags) {
  enum manner manner = next(C_recv);
  if (manner == FAILS) return -1;
  return syscall(SYS_recvfrom, descriptor, buffer, manner == SHORT && count ? 1 : count, flags, NULL, NULL);
}

ssize_t send(int descriptor, const void *buffer, size_t count, int flags) {
  enum manner manner = next(C_send);
  if (manner == FAILS) return -1;
  return syscall(SYS_sendto, descriptor, buffer, manner == SHORT && count ? 1 : count, flags, NULL, 0);
}

int epoll_ctl(int epoll, int operation, int descriptor, struct epoll_event *event) {
  if (next(C_epoll_ctl) == FAILS) return -1;
  if (event && descriptor < DESCRIPTORS) {
    watched[descriptor] = event->data;
    if (descriptor > highest) highest = descriptor;
  }
  return (int)syscall(SYS_epoll_ctl, epoll, operation, descriptor, event);
}

// Behind the real events come some for descriptors that are or were watched, as if they were ready for everything.
static int with_spurious(struct epoll_event *events, int count, int most) {
  static int at;
  for (int number = 0; number < 20 && count < most; number++) {
    at = at >= highest ? 3 : at + 1;
    if (watched[at].u64 == 0) continue;
    events[count++] = (struct epoll_event){.events = EPOLLIN | EPOLLOUT, .data = watched[at]};
  }
  return count;
}

int epoll_wait(int epoll, struct epoll_event *events, int most, int milliseconds) {
  enum manner manner = next(C_epoll_wait);
  if (manner == FAILS) return -1;
  if (manner == SHORT) most = 1;
  if (manner == SPURIOUS && (milliseconds < 0 || milliseconds > 5)) milliseconds = 5;
  int count = (int)syscall(SYS_epoll_pwait, epoll, events, most, milliseconds, NULL, 0);
  return manner == SPURIOUS && count >= 0 ? with_spurious(events, count, most) : count;
}

ssize_t read(int descriptor, void *buffer, size_t count) {
  static const enum call calls[] = {[OTHER] = C_read_file, [SIGNALS] = C_read_signal, [CHANGES] = C_read_inotify};
  enum manner manner = next(calls[kind_of(descriptor)]);
  if (manner == FAILS) return -1;
  return syscall(SYS_read, descriptor, buffer, manner == SHORT && count ? 1 : count);
}

ssize_t write(int descriptor, const void *buffer, size_t count) {
  enum manner manner = next(descriptor == STDERR_FILENO ? C_write_stderr : C_write_file);
  if (manner == FAILS) return -1;
  return syscall(SYS_write, descriptor, buffer, manner == SHORT && count ? 1 : count);
}

int close(int descriptor) {
  enum manner manner = next(C_close);
  int code = errno;
  noted(descriptor, OTHER);
  int answer = (int)syscall(SYS_close, descriptor);
  if (manner != TAKES) return answer;
  errno = code;
  return -1;
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (next(C_open) == FAILS) return -1;
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int signalfd(int descriptor, const sigset_t *set, int flags) {
  if (next(C_signalfd) == FAILS) return -1;
  return noted(REAL(signalfd)(descriptor, set, flags), SIGNALS);
}

int inotify_init1(int flags) {
  if (next(C_inotify_init1) == FAILS) return -1;
  return noted((int)syscall(SYS_inotify_init1, flags), CHANGES);
}

int inotify_add_watch(int descriptor, const char *path, uint32_t mask) {
  FAIL_OR(C_inotify_add_watch, inotify_add_watch, descriptor, path, mask);
}
int setsockopt(int descriptor, int level, int name, const void *value, socklen_t size) {
  FAIL_OR(C_setsockopt, setsockopt, descriptor, level, name, value, size);
}
int getsockname(int descriptor, struct sockaddr *address, socklen_t *size) {
  FAIL_OR(C_getsockname, getsockname, descriptor, address, size);
}
int shutdown(int descriptor, int how) { FAIL_OR(C_shutdown, shutdown, descriptor, how); }
int fstat(int descriptor, struct stat *status) { FAIL_OR(C_fstat, fstat, descriptor, status); }
int lstat(const char *path, struct stat *status) { FAIL_OR(C_lstat, lstat, path, status); }
int stat(const char *path, struct stat *status) { FAIL_OR(C_stat, stat, path, status); }
int epoll_create1(int flags) { FAIL_OR(C_epoll_create1, epoll_create1, flags); }
int socket(int family, int kind, int protocol) { FAIL_OR(C_socket, socket, family, kind, protocol); }
int bind(int descriptor, const struct sockaddr *address, socklen_t size) {
  FAIL_OR(C_bind, bind, descriptor, address, size);
}
int listen(int descriptor, int backlog) { FAIL_OR(C_listen, listen, descriptor, backlog); }
pid_t waitpid(pid_t child, int *status, int options) { FAIL_OR(C_waitpid, waitpid, child, status, options); }
int fsync(int descriptor) { FAIL_OR(C_fsync, fsync, descriptor); }
int rename(const char *old, const char *new) { FAIL_OR(C_rename, rename, old, new); }
int mkdir(const char *path, mode_t mode) { FAIL_OR(C_mkdir, mkdir, path, mode); }

int clock_gettime(clockid_t clock, struct timespec *now) {
  int answer = (int)syscall(SYS_clock_gettime, clock, now);
  if (clock == CLOCK_MONOTONIC) now->tv_sec += atomic_load(&table->monotonic_seconds);
  if (clock == CLOCK_REALTIME) now->tv_sec += atomic_load(&table->realtime_seconds);
  return answer;
}

// These answer the error itself.
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
  if (next(C_pthread_create) == FAILS) return errno;
  return REAL(pthread_create)(thread, attributes, start, argument);
}
int pthread_sigmask(int how, const sigset_t *set, sigset_t *old) {
  if (next(C_pthread_sigmask) == FAILS) return errno;
  return REAL(pthread_sigmask)(how, set, old);
}
int posix_spawn(pid_t *child, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) {
  if (next(C_posix_spawn) == FAILS) return errno;
  return REAL(posix_spawn)(child, path, actions, attributes, arguments, environment);
}

// The relay makes one of its calls through this, and this library all of its own.
long syscall(long number, ...) {
  va_list rest;
  va_start(rest, number);
  long arguments[6];
  for (int index = 0; index < 6; index++) arguments[index] = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_pidfd_open && next(C_pidfd_open) == FAILS) return -1;
  register long fourth __asm__("r10") = arguments[3];
  register long fifth __asm__("r8") = arguments[4];
  register long sixth __asm__("r9") = arguments[5];
  long answer;
  __asm__ volatile("syscall"
                   : "=a"(answer)
                   : "a"(number), "D"(arguments[0]), "S"(arguments[1]), "d"(arguments[2]), "r"(fourth), "r"(fifth),
                     "r"(sixth)
                   : "rcx", "r11", "memory");
  if (answer < 0 && answer > -4096) {
    errno = (int)-answer;
    return -1;
  }
  return answer;
}
