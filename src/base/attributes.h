/*
 * The compiler attributes that the code relies on, under readable names: results that must be
 * looked at, clean-up when a variable leaves its scope, and checked format strings.
 */
#ifndef BASE_ATTRIBUTES_H
#define BASE_ATTRIBUTES_H

#include <stddef.h>

#define must_check                     __attribute__((warn_unused_result))
#define format_printf(text, arguments) __attribute__((format(printf, text, arguments)))
#define clean_up(function)             __attribute__((cleanup(function)))

/* The structure of type `type` whose field `member` is at `pointer`. */
#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#define array_size(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Defines `name_clean(type **)` for use with clean_up(): it calls `destroy` on the pointer that the
 * variable holds. `destroy` must accept NULL.
 */
#define define_clean_up(type, name, destroy)                                                       \
	static inline void name##_clean(type **pointer)                                            \
	{                                                                                          \
		destroy(*pointer);                                                                 \
	}

#endif
