/* What the API server's refusals mean: an HTTP status and a Status object to an error. Of this room
 * only; pure. */
#ifndef KUBE_ANSWER_H
#define KUBE_ANSWER_H

#include <stdbool.h>

#include "base/error.h"
#include "json/json.h"

/* The kind for an HTTP status that is not 2xx. */
enum error_kind kube__answer_kind(int status);

/*
 * Fills *err from a refusal: its status, and the message of the Status object in `body` (borrowed)
 * or, without one, the beginning of the text. Returns -1.
 */
int kube__answer_refusal(int status, struct str body, struct error *err);

/* As above for a Status object that came with status 200, inside a watch. Returns -1. */
int kube__answer_status_object(const struct json *object, struct error *err);

/* Whether a refusal's Status object says that the name is taken. */
bool kube__answer_is_already_exists(int status, struct str body);

#endif
