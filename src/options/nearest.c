/* The name that a mistyped one is nearest to. */
#include <string.h>

#include "options/row.h"

enum {
	NEAREST_SIZE = 64, /* longer names are not compared */
	NEAREST_LETTERS = 4, /* of a name, for each of which one may be wrong, and one more */
};

/* The name's letters and digits, so that logLevel and log_level are log-level. */
static size_t nearest_fold(struct str name, char folded[static NEAREST_SIZE])
{
	size_t size = 0;

	for (size_t i = 0; i < name.size; i++) {
		char letter = name.data[i];
		if (letter == '-' || letter == '_')
			continue;
		if (size == NEAREST_SIZE)
			return 0;
		folded[size++] =
			letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
	}
	return size;
}

static size_t nearest_least(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* How many letters have to be put in, taken out or changed (Levenshtein). */
static size_t nearest_distance(struct str a, struct str b)
{
	size_t row[NEAREST_SIZE + 1];

	for (size_t j = 0; j <= b.size; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.size; i++) {
		size_t corner = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.size; j++) {
			size_t above = row[j];
			row[j] = nearest_least(above + 1, row[j - 1] + 1,
				corner + (a.data[i - 1] != b.data[j - 1]));
			corner = above;
		}
	}
	return row[b.size];
}

const char *option_nearest(struct str name, const char *const *names)
{
	char wanted[NEAREST_SIZE];
	char folded[NEAREST_SIZE];
	size_t wanted_size = nearest_fold(name, wanted);
	size_t least = wanted_size / NEAREST_LETTERS + 2;
	const char *nearest = NULL;

	for (; wanted_size > 0 && *names != NULL; names++) {
		size_t size = nearest_fold(str_of(*names), folded);
		size_t distance = nearest_distance(
			(struct str){wanted, wanted_size}, (struct str){folded, size});
		if (size > 0 && distance < least) {
			least = distance;
			nearest = *names;
		}
	}
	return nearest;
}
