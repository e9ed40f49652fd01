/* Redzone: under AddressSanitizer, memory of an arena that nobody has is poisoned: what lies behind each
 * allocation, and everything after a reset. An overrun inside an arena is then seen as one of the heap is. */
#ifndef NS_BASE_REDZONE_H
#define NS_BASE_REDZONE_H

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NS_HAS_REDZONES 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define NS_HAS_REDZONES 1
#endif

#ifdef NS_HAS_REDZONES
#include <sanitizer/asan_interface.h>
enum { NS_REDZONE = 64 };
#define ns_redzone_poison(data, size) ASAN_POISON_MEMORY_REGION(data, size)
#define ns_redzone_clear(data, size) ASAN_UNPOISON_MEMORY_REGION(data, size)
#else
enum { NS_REDZONE = 0 };
#define ns_redzone_poison(data, size) ((void)(data), (void)(size))
#define ns_redzone_clear(data, size) ((void)(data), (void)(size))
#endif

#endif
