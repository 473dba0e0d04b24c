/*
 * `kcr controller`: annotations to schedules, schedules to requests, ended containers to restores.
 * It runs on any number of replicas, of which the leader acts; it never sees a checkpoint's bytes.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "options/options.h"

/* What it can be told; for a struct that only the room knows. */
extern const struct option_table control_option_table;

/* Runs the program; `arguments` are those behind its name. Returns the exit status. */
int control_main(int count, char *const *arguments);

#endif
