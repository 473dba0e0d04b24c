/*
 * Server-side apply refuses an object with a field that the server's schema does not have: kinds of
 * an older version than ours. What we write must reach such a server all the same, without these
 * fields. Of this room only; pure. Facts: sigs.k8s.io/structured-merge-diff, typed/validate.go and
 * typed/helpers.go.
 */
#ifndef KUBE_UNDECLARED_H
#define KUBE_UNDECLARED_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/str.h"

/*
 * Appends `body`, a JSON object, without the fields that the refusal's message calls undeclared.
 * False, with nothing appended, when it names none that is there; those of list items are not
 * looked for.
 */
must_check bool kube__undeclared_leave_out(struct str message, struct str body, struct buf *out);

#endif
