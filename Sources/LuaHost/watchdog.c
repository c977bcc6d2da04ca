#define _GNU_SOURCE
#include "watchdog.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/// Looks without any call before the watchdog falls asleep.
#define IDLE_LOOKS_MAX 50

_Atomic bool lh_watchdog_sleeps;
_Thread_local int lh_watchdog_thread;
_Thread_local void *_Atomic lh_watchdog_running;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t awake = PTHREAD_COND_INITIALIZER;
static lh_watch *watches;
static bool is_started;
static void (*on_overdue)(void *sandbox);

static void interrupted(int signal) {
  (void)signal;
  int kept = errno;
  void *sandbox = atomic_load_explicit(&lh_watchdog_running, memory_order_relaxed);
  if (sandbox != NULL) on_overdue(sandbox);
  errno = kept;
}

/// Interrupts every thread whose call has not changed since the last look. Answers whether any call ran in between.
static bool look(void) {
  bool any = false;
  for (lh_watch *watch = watches; watch != NULL; watch = watch->next) {
    uint64_t calls = atomic_load(&watch->calls);
    bool runs = calls % 2 == 1;
    if (calls != watch->seen || runs) any = true;
    // A thread that has ended since is not found, which does no harm.
    if (runs && calls == watch->seen)
      syscall(SYS_tgkill, getpid(), atomic_load_explicit(&watch->thread, memory_order_relaxed), SIGURG);
    watch->seen = calls;
  }
  return any;
}

static bool any_call_runs(void) {
  for (lh_watch *watch = watches; watch != NULL; watch = watch->next)
    if (atomic_load(&watch->calls) % 2 == 1) return true;
  return false;
}

static void *watch_for_ever(void *unused) {
  (void)unused;
  const struct timespec pause = {.tv_nsec = LH_WATCHDOG_MILLISECONDS * 1000000};
  int idle = 0;
  pthread_mutex_lock(&mutex);
  for (;;) {
    idle = look() ? 0 : idle + 1;
    if (idle >= IDLE_LOOKS_MAX) {
      atomic_store(&lh_watchdog_sleeps, true);
      while (atomic_load(&lh_watchdog_sleeps) && !any_call_runs()) pthread_cond_wait(&awake, &mutex);
      atomic_store(&lh_watchdog_sleeps, false);
      idle = 0;
    }
    pthread_mutex_unlock(&mutex);
    nanosleep(&pause, NULL);
    pthread_mutex_lock(&mutex);
  }
  return NULL;
}

/// With every signal blocked, so that those of the process reach the threads that expect them.
static bool start(void) {
  struct sigaction action = {.sa_handler = interrupted, .sa_flags = SA_RESTART};
  if (sigaction(SIGURG, &action, NULL) != 0) return false;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  bool started = pthread_create(&thread, NULL, watch_for_ever, NULL) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (started) pthread_detach(thread);
  return started;
}

bool lh_watchdog_add(lh_watch *watch, void (*overdue)(void *sandbox)) {
  pthread_mutex_lock(&mutex);
  // Written before anything can be interrupted, and never again: handlers read it without the mutex.
  if (!is_started) {
    on_overdue = overdue;
    is_started = start();
  }
  if (is_started) {
    watch->next = watches;
    watches = watch;
  }
  bool watched = is_started;
  pthread_mutex_unlock(&mutex);
  return watched;
}

void lh_watchdog_remove(lh_watch *watch) {
  pthread_mutex_lock(&mutex);
  for (lh_watch **link = &watches; *link != NULL; link = &(*link)->next) {
    if (*link != watch) continue;
    *link = watch->next;
    break;
  }
  pthread_mutex_unlock(&mutex);
}

void lh_watchdog_wake(void) {
  pthread_mutex_lock(&mutex);
  atomic_store(&lh_watchdog_sleeps, false);
  pthread_cond_signal(&awake);
  pthread_mutex_unlock(&mutex);
}

/// Also lets the signal through: threads of a pool are often born with everything blocked.
int lh_watchdog_learn_thread(void) {
  sigset_t own;
  sigemptyset(&own);
  sigaddset(&own, SIGURG);
  pthread_sigmask(SIG_UNBLOCK, &own, NULL);
  lh_watchdog_thread = (int)syscall(SYS_gettid);
  return lh_watchdog_thread;
}
