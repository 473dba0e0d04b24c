/* Where a container's cgroup lies, by the drivers of kubelet and engines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/attributes.h"
#include "runtime/cgroup.h"

static void test_both_drivers_name_a_directory(void **state)
{
	static const struct {
		const char *path;
		const char *directory;
	} samples[] = {
		{"/kubepods/besteffort/pod1/abc", "kubepods/besteffort/pod1/abc"},
		{"kubepods-besteffort-pod1.slice:cri-containerd:abc",
			"kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/"
			"cri-containerd-abc.scope"},
		{"system.slice:crio:abc", "system.slice/crio-abc.scope"},
		{"-.slice:crio:abc", "crio-abc.scope"},
		/* nothing that leaves the hierarchy, or is all of it */
		{"", ""},
		{"/", ""},
		{"/..", ""},
		{"/kubepods/../..", ""},
		{"//etc", ""},
		{"relative", ""},
		{"a:b:c", ""},
		{"a.slice:b", ""},
		{"a.slice::c", ""},
		{"a.slice:b:../../c", ""},
	};
	struct arena *arena = arena_new(1024);

	(void)state;
	for (size_t i = 0; i < array_size(samples); i++) {
		struct str directory = runtime__cgroup_directory(str_of(samples[i].path), arena);
		if (!str_is(directory, samples[i].directory))
			fail_msg("'%s' gives '%.*s'", samples[i].path, STR_ARG(directory));
	}
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_drivers_name_a_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
