/*
 * One call of an OCI runtime, as containerd's shim, conmon and CRI-O make it:
 *
 *	BIN --root R --log L --log-format json create --bundle B --pid-file P ID
 *
 * (containerd: go-runc, runc.go; CRI-O: conmon and internal/oci/runtime_oci.go; options: runc(8),
 * crun(1)). Only what kcr-runtime does something about is understood. Whatever else there is, an
 * option that we do not know included, is a call to pass on as it is.
 */
#ifndef RUNTIME_CALL_H
#define RUNTIME_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum runtime_verb {
	RUNTIME_OTHER, /* nothing for us */
	RUNTIME_CREATE,
	RUNTIME_START,
	RUNTIME_STATE,
	RUNTIME_DELETE,
	RUNTIME_CHECKPOINT,
	RUNTIME_PAUSE,
	RUNTIME_RESUME,
	RUNTIME_KILL,
};

/* Texts are borrowed from the arguments; NULL where an option was not given. */
struct runtime_call {
	enum runtime_verb verb;
	size_t verb_index; /* of the verb among the arguments: the options of all verbs are before
			    */
	const char *log_path; /* where a runtime says why it fails */
	const char *log_format; /* "text" or "json" */
	const char *id;
	const char *bundle; /* create */
	const char *pid_file;
	const char *console_socket;
	bool no_pivot;
	const char *image_path; /* checkpoint */
	size_t image_path_index; /* of the argument that holds the path */
	size_t image_path_skip; /* bytes of that argument before the path ("--image-path=") */
	const char *work_path; /* where CRIU's log goes */
	bool leave_running;
	const char *signal; /* kill: a name or a number */
};

enum {
	/* An id is a file's name in our state directory; both engines use 64 hexadecimal digits. */
	RUNTIME_ID_SIZE = 128,
};

/* `arguments` begins with the program's name. */
struct runtime_call runtime_call_read(size_t count, char *const *arguments);

#endif
