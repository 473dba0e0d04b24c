/* What lies on this machine is opened, what is lent is taken over; everything else is given up. */
#include "look/open.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "lend/borrow.h"
#include "sys/confine.h"

int look__take_loans(int count, char *const *arguments, struct look_loans *loans)
{
	int taken = 0;

	while (loans->count < CLI_LENT_MAX && count - taken >= CLI_LENT_ARGUMENTS &&
		strcmp(arguments[taken], CLI_LENT) == 0) {
		struct look_loan *loan = &loans->items[loans->count];
		*loan = (struct look_loan){
			.word = arguments[taken + 1],
			.name = arguments[taken + 3],
			.fd = CLI_LENT_FD + (int)loans->count,
		};
		if (!number_parse_i64(str_of(arguments[taken + 2]), &loan->size_bytes) ||
			loan->size_bytes < 0)
			break;
		loans->count++;
		taken += CLI_LENT_ARGUMENTS;
	}
	return taken;
}

static struct look_loan *open_find_loan(struct look_loans *loans, const char *word)
{
	for (size_t i = 0; i < loans->count; i++)
		if (loans->items[i].fd >= 0 && strcmp(loans->items[i].word, word) == 0)
			return &loans->items[i];
	return NULL;
}

int look__open(const struct cli_call *call, const char *word, struct inspect_place **ret_place,
	struct error *err)
{
	struct look_loan *loan = open_find_loan(call->program->context, word);

	if (loan != NULL) {
		*ret_place = inspect_place_of_reader(
			lend_borrow(&loan->fd, loan->size_bytes), loan->name);
		return 0;
	}
	if (inspect_place_open(word, ret_place, err) == 0)
		return 0;
	if (err->kind == ERROR_ABSENT)
		return error_set(err, ERROR_ABSENT, "there is no file or directory '%s'", word);
	return -1;
}

/* What the kernel does not have is told by -v: the bytes are read nevertheless. */
int look__confine(
	const struct cli_call *call, const struct look_subject *subject, struct error *err)
{
	const struct inspect_place *places[] = {subject->place, subject->other};
	struct confine_directory directories[array_size(places)];
	size_t count = 0;
	bool has_landlock;
	bool has_seccomp;

	for (size_t i = 0; i < array_size(places); i++)
		if (places[i] != NULL && inspect_place_directory(places[i]) >= 0)
			directories[count++] = (struct confine_directory){
				inspect_place_directory(places[i]), false};
	if (confine_self(directories, count, &has_landlock, err) < 0 ||
		confine_calls(count > 0, &has_seccomp, err) < 0)
		return -1;
	if (call->flags.verbosity > 0 && !has_landlock)
		fprintf(stderr, "This kernel has no Landlock: %s\n",
			has_seccomp && count == 0 ? "seccomp alone keeps files from being opened"
						  : "other files could be opened");
	if (call->flags.verbosity > 0 && !has_seccomp)
		fprintf(stderr, "This kernel has no seccomp: all system calls could be made\n");
	return 0;
}
