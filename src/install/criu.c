/*
 * Our lines stand between two markers at the head of the file, so that what follows keeps its bytes
 * whether or not it ends in a newline. The first marker tells whether there was a file before.
 */
#include "install/handler.h"

#define CRIU_BEGIN "# begin: added by 'kcr install-runtime'"
#define CRIU_MADE  ", which made this file"
#define CRIU_END   "# end: added by 'kcr install-runtime'\n"

/* docs/formats/runtime.md says what each is for. */
static const struct criu_line {
	const char *line;
	bool is_by_name; /* a user's line with the same first word stands for it */
	bool closes_connections; /* not for who keeps established ones */
	bool is_for_crun; /* below containerd */
} criu_lines[] = {
	{"tcp-close", true, true, false},
	{"skip-in-flight", true, false, false},
	{"network-lock skip", true, true, false},
	{"external mnt[/run/crun/.empty-directory]:"
	 "/run/containerd/runc/k8s.io/.empty-directory",
		false, false, true},
};

static bool criu_has(struct str text, struct str wanted, bool by_name)
{
	struct str line;
	struct str word;
	struct str rest;

	for (bool is_more = true; is_more;) {
		is_more = str_cut(text, '\n', &line, &text);
		line = str_trim(line);
		if (by_name) {
			(void)str_cut(line, ' ', &word, &rest);
			line = word;
		}
		if (str_equal(line, wanted))
			return true;
	}
	return false;
}

static struct str criu_first_word(struct str line)
{
	struct str word;
	struct str rest;

	(void)str_cut(line, ' ', &word, &rest);
	return word;
}

static bool criu_lacks(struct str text, const struct criu_line *line)
{
	struct str wanted = str_of(line->line);

	if (line->is_by_name)
		wanted = criu_first_word(wanted);
	return !criu_has(text, wanted, line->is_by_name);
}

void install_criu_add(struct str text, bool is_new, bool is_crun_below_containerd, struct buf *out)
{
	autobuf lines = BUF_INIT(LIMIT_CONFIG_BYTES);
	const bool keeps_connections = criu_has(text, STR("tcp-established"), true);

	for (size_t i = 0; i < array_size(criu_lines); i++) {
		const struct criu_line *line = &criu_lines[i];
		if ((line->is_for_crun && !is_crun_below_containerd) ||
			(line->closes_connections && keeps_connections) || !criu_lacks(text, line))
			continue;
		buf_printf(&lines, "%s\n", line->line);
	}
	if (lines.size > 0) {
		buf_printf(out, CRIU_BEGIN "%s\n", is_new ? CRIU_MADE : "");
		buf_add(out, buf_str(&lines));
		buf_add_text(out, CRIU_END);
	}
	buf_add(out, text);
}

/* From the first marker's line to the second's end; false when they are not both there. */
static bool criu_find_ours(
	struct str text, struct str *ret_before, struct str *ret_head, struct str *ret_after)
{
	for (struct str at = text; at.size > 0; at = str_from(at, 1)) {
		if (!str_starts_with(at, STR(CRIU_BEGIN)))
			continue;
		*ret_before = (struct str){text.data, text.size - at.size};
		(void)str_cut(at, '\n', ret_head, ret_after);
		for (at = *ret_after; at.size > 0; at = str_from(at, 1)) {
			if (!str_starts_with(at, STR(CRIU_END)))
				continue;
			*ret_after = str_from(at, sizeof(CRIU_END) - 1);
			return true;
		}
		return false;
	}
	return false;
}

bool install_criu_remove(struct str text, struct buf *out)
{
	struct str before;
	struct str head;
	struct str after;

	if (!criu_find_ours(text, &before, &head, &after)) {
		buf_add(out, text);
		return true;
	}
	buf_add(out, before);
	buf_add(out, after);
	return before.size + after.size > 0 || !str_contains(head, STR(CRIU_MADE));
}
