#if __has_feature(thread_sanitizer)
#include <setjmp.h>

_Noreturn void __longjmp_chk(jmp_buf place, int value);

/// What Lua throws by where the system compiled it with _FORTIFY_SOURCE. The thread sanitizer knows longjmp alone: each
/// function that an error left would count as running for ever, until there is no room for more.
_Noreturn void __longjmp_chk(jmp_buf place, int value) { longjmp(place, value); }
#endif
