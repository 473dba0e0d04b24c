/*
 * The generator: one table per kind (src/api) becomes a CustomResourceDefinition for the API server
 * and a part of the reference page for people; the programs' tables of options are another part.
 * Texts are appended to a buffer; nothing can fail but the writing of the files.
 */
#ifndef GENERATE_H
#define GENERATE_H

#include "api/kinds.h"
#include "base/buf.h"

/* The CRD as JSON (apiextensions.k8s.io/v1). */
void generate_crd(struct buf *out, const struct api_kind *kind);

/* The reference of all kinds and annotations, in Markdown. */
void generate_reference(struct buf *out);

/* The options of the programs, the reference's last section. */
void generate_options(struct buf *out);

struct cli_command;

/* The reference of kubectl-kcr, in Markdown. */
void generate_commands(struct buf *out);

/* The man page of a command, and that of the program. */
void generate_man_page(struct buf *out, const struct cli_command *command);
void generate_man_overview(struct buf *out);

/* The options as JSON schemas by the kind of their file, for the chart's values. */
void generate_schema(struct buf *out);

#endif
