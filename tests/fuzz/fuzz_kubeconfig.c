/* Any bytes as a kubeconfig, cut in two files at the first NUL, so that merging is met too. */
#include <stddef.h>
#include <stdint.h>

#include "kube/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autokubeconfig *config = NULL;
	struct kube_config_file files[2] = {{.directory = "/etc"}, {.directory = ""}};
	struct error err;

	(void)str_cut((struct str){(const char *)data, size}, '\0', &files[0].text, &files[1].text);
	if (kube_config_parse(files, 2, &(struct kube_config_options){0}, &config, &err) == 0 &&
		config->server == NULL)
		__builtin_trap();
	return 0;
}
