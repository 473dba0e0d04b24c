/* One subject: its checks, one after the other. What is true of several Pods stands once. */
#include <string.h>

#include "cli/doctor.h"

struct cli_doctor_finding cli_doctor_say(
	enum cli_doctor_verdict verdict, struct str words, struct str fix)
{
	return (struct cli_doctor_finding){.verdict = verdict, .words = words, .fix = fix};
}

struct cli_doctor_finding cli_doctor_say_on_node(
	enum cli_doctor_verdict verdict, struct str words, struct str fix)
{
	return (struct cli_doctor_finding){
		.verdict = verdict, .words = words, .fix = fix, .is_on_node = true};
}

static struct cli_doctor_result *look_find(
	struct cli_doctor_subject *subject, const struct cli_doctor_result *like)
{
	for (size_t i = 0; i < subject->count; i++) {
		struct cli_doctor_result *result = &subject->results[i];
		if (result->check == like->check &&
			result->finding.verdict == like->finding.verdict &&
			str_equal(result->finding.words, like->finding.words))
			return result;
	}
	return NULL;
}

static void look_add(struct cli_doctor_subject *subject, struct arena *arena,
	const struct cli_doctor_result *result)
{
	struct cli_doctor_result *same = look_find(subject, result);
	struct cli_doctor_result *larger;

	if (same != NULL) {
		same->others++;
		return;
	}
	if (subject->count == subject->capacity) {
		subject->capacity = subject->capacity * 2 + 16;
		larger = arena_zeroed(arena, subject->capacity, sizeof(*larger));
		if (subject->count > 0)
			memcpy(larger, subject->results, subject->count * sizeof(*larger));
		subject->results = larger;
	}
	subject->results[subject->count++] = *result;
}

void cli_doctor_look(struct cli_doctor_subject *subject, const struct cli_doctor_check *checks,
	const struct cli_doctor_view *view, struct str where)
{
	for (const struct cli_doctor_check *check = checks; check->name != NULL; check++) {
		struct cli_doctor_result result = {
			.check = check->name, .finding = check->look(view), .where = where};
		if (result.finding.verdict == CLI_DOCTOR_SILENT)
			continue;
		if (result.finding.affects == 0)
			result.finding.affects = check->affects;
		look_add(subject, view->facts->arena, &result);
	}
}

enum cli_doctor_verdict cli_doctor_worst(const struct cli_doctor_subject *subject, unsigned affects)
{
	enum cli_doctor_verdict worst = CLI_DOCTOR_SILENT;

	for (size_t i = 0; i < subject->count; i++)
		if ((subject->results[i].finding.affects & affects) != 0 &&
			subject->results[i].finding.verdict > worst)
			worst = subject->results[i].finding.verdict;
	return worst;
}

enum cli_doctor_verdict cli_doctor_conclude(const struct cli_doctor_report *report)
{
	enum cli_doctor_verdict worst = CLI_DOCTOR_SILENT;

	for (size_t i = 0; i < report->count; i++) {
		enum cli_doctor_verdict own =
			cli_doctor_worst(&report->subjects[i], CLI_DOCTOR_BOTH);
		if (report->subjects[i].is_wanted && own > worst)
			worst = own;
	}
	return worst;
}
