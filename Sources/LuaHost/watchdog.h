#ifndef LH_WATCHDOG_H
#define LH_WATCHDOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/// Notices calls that last. Counting instructions costs every call a tenth of its time, and nearly none lasts: so a
/// thread of its own looks every few milliseconds whether the same call still runs, and if so interrupts the thread
/// that runs it with a signal (SIGURG), whose handler switches the counting on. While nobody calls, it sleeps.

/// Milliseconds between two looks: a call is counted after at most twice this.
#define LH_WATCHDOG_MILLISECONDS 2

/// What the watchdog knows of one sandbox.
typedef struct lh_watch {
  /// Odd while a call runs.
  _Atomic uint64_t calls;
  /// The kernel's id of the thread that runs it.
  _Atomic int thread;
  uint64_t seen;
  struct lh_watch *next;
} lh_watch;

extern _Atomic bool lh_watchdog_sleeps;
extern _Thread_local int lh_watchdog_thread;
/// The sandbox whose call runs on this thread, for the signal handler.
extern _Thread_local void *_Atomic lh_watchdog_running;

/// Starts the watchdog with the first sandbox. `overdue` runs in the signal handler of the thread that the call runs
/// on. False when there can be no watchdog: then calls have to count from the start.
bool lh_watchdog_add(lh_watch *watch, void (*overdue)(void *sandbox));
void lh_watchdog_remove(lh_watch *watch);
void lh_watchdog_wake(void);
int lh_watchdog_learn_thread(void);

static inline void lh_watchdog_begin(lh_watch *watch, void *sandbox) {
  int thread = lh_watchdog_thread != 0 ? lh_watchdog_thread : lh_watchdog_learn_thread();
  atomic_store_explicit(&lh_watchdog_running, sandbox, memory_order_relaxed);
  atomic_store_explicit(&watch->thread, thread, memory_order_relaxed);
  // Sequentially consistent: either the watchdog sees this call before it falls asleep, or this sees it asleep.
  atomic_fetch_add(&watch->calls, 1);
  if (atomic_load(&lh_watchdog_sleeps)) lh_watchdog_wake();
}

static inline void lh_watchdog_end(lh_watch *watch) {
  uint64_t calls = atomic_load_explicit(&watch->calls, memory_order_relaxed);
  atomic_store_explicit(&watch->calls, calls + 1, memory_order_release);
  atomic_store_explicit(&lh_watchdog_running, NULL, memory_order_relaxed);
}

#endif
