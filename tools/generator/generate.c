/*
 * kcr-generate DIRECTORY: writes DIRECTORY/deploy/crds/KIND.yaml, DIRECTORY/docs/reference.md,
 * DIRECTORY/docs/kubectl-reference.md and DIRECTORY/docs/man/PAGE.1.
 * kcr-generate --schema: prints the schemas of the programs' options.
 */
#include "generate.h"
#include "cli/command.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "sys/fd.h"
#include "sys/file.h"
#include "json/yaml.h"

enum { GENERATE_FILE_BYTES = 1024 * 1024 };

static int generate_write(
	int directory_fd, const char *name, const struct buf *text, struct error *err)
{
	if (buf_check(text, name, err) < 0)
		return -1;
	return file_write_atomically(directory_fd, name, buf_str(text), 0644, err);
}

static int generate_write_crd(int directory_fd, const struct api_kind *kind, struct error *err)
{
	autobuf name = BUF_INIT(256);
	autobuf crd = BUF_INIT(GENERATE_FILE_BYTES);
	autobuf yaml = BUF_INIT(GENERATE_FILE_BYTES);
	autojson *doc = NULL;

	generate_crd(&crd, kind);
	if (buf_check(&crd, kind->name, err) < 0 || json_parse(buf_str(&crd), &doc, err) < 0)
		return -1;
	buf_printf(&name, "%s.yaml", kind->plural);
	buf_add_text(
		&yaml, "# Written by tools/generate from the tables in src/api; do not edit.\n");
	yaml_write(&yaml, json_doc_root(doc));
	return generate_write(directory_fd, name.data, &yaml, err);
}

static int generate_write_man(int directory_fd, struct error *err)
{
	autobuf overview = BUF_INIT(GENERATE_FILE_BYTES);

	for (const struct cli_command *const *command = cli_commands; *command != NULL; command++) {
		autobuf name = BUF_INIT(256);
		autobuf page = BUF_INIT(GENERATE_FILE_BYTES);
		buf_printf(&name, "kubectl-kcr-%s.1", (*command)->name);
		generate_man_page(&page, *command);
		if (generate_write(directory_fd, name.data, &page, err) < 0)
			return -1;
	}
	generate_man_overview(&overview);
	return generate_write(directory_fd, "kubectl-kcr.1", &overview, err);
}

static int generate_all(const char *path, struct error *err)
{
	autoclose int root_fd = -1;
	autoclose int deploy_fd = -1;
	autoclose int crds_fd = -1;
	autoclose int docs_fd = -1;
	autoclose int man_fd = -1;
	autobuf commands = BUF_INIT(GENERATE_FILE_BYTES);
	autobuf reference = BUF_INIT(GENERATE_FILE_BYTES);

	if (file_open_directory(path, &root_fd, err) < 0 ||
		file_make_directory(root_fd, "deploy", 0755, &deploy_fd, err) < 0 ||
		file_make_directory(deploy_fd, "crds", 0755, &crds_fd, err) < 0 ||
		file_make_directory(root_fd, "docs", 0755, &docs_fd, err) < 0 ||
		file_make_directory(docs_fd, "man", 0755, &man_fd, err) < 0 ||
		generate_write_man(man_fd, err) < 0)
		return -1;
	for (const struct api_kind *const *kind = api_kinds; *kind != NULL; kind++)
		if (generate_write_crd(crds_fd, *kind, err) < 0)
			return -1;
	generate_reference(&reference);
	generate_options(&reference);
	generate_commands(&commands);
	if (generate_write(docs_fd, "kubectl-reference.md", &commands, err) < 0)
		return -1;
	return generate_write(docs_fd, "reference.md", &reference, err);
}

int main(int argc, char **argv)
{
	autobuf schema = BUF_INIT(GENERATE_FILE_BYTES);
	struct error err;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: kcr-generate DIRECTORY | --schema\n");
		return 2;
	}
	if (strcmp(argv[1], "--schema") == 0) {
		generate_schema(&schema);
		return puts(schema.data) < 0;
	}
	if (generate_all(argv[1], &err) < 0) {
		(void)fprintf(stderr, "kcr-generate: %s\n", err.text);
		return 1;
	}
	return 0;
}
