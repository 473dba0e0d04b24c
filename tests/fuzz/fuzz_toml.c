/* The configuration of a container engine: whatever lies on the host. */
#include <stddef.h>
#include <stdint.h>

#include "install/handler.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str text = {(const char *)data, size};
	const struct install_handler handler = {STR("kcr"), STR("/p"), STR("runc"), true};
	autobuf out = BUF_INIT(4 * INSTALL_TOML_BYTES);
	autobuf with = BUF_INIT(4 * INSTALL_TOML_BYTES);
	autoarena *arena = arena_new(1024);
	autotoml toml = INSTALL_TOML_INIT;
	struct install_place place;
	struct error err;

	if (install_toml_read(text, arena, &toml, &err) < 0)
		return 0;
	(void)install_crio_image_problem(text, &toml, arena);
	if (install_containerd_drop_in(
		    &toml, &handler, install_containerd_version(&toml), arena, &out, &err) < 0 ||
		install_containerd_place(text, STR("/etc/m"), arena, &place, &err) < 0)
		return 0;
	install_containerd_import(text, &place, &with);
	return 0;
}
