/* A version is its numbers: what stands behind them (rc, distribution) decides nothing here. */
#include "handover/engine.h"

#include "base/attributes.h"
#include "base/number.h"

static bool engine_is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

bool handover_version_read(struct str text, struct handover_version *ret_version)
{
	struct str rest = str_starts_with(text, STR("v")) ? str_from(text, 1) : text;
	struct handover_version version = {0};
	size_t count = 0;

	while (count < array_size(version.numbers)) {
		struct str digits = {rest.data, 0};

		while (digits.size < rest.size && engine_is_digit(rest.data[digits.size]))
			digits.size++;
		if (!number_parse_u64(digits, &version.numbers[count]))
			break;
		count++;
		rest = str_from(rest, digits.size);
		if (!str_starts_with(rest, STR(".")))
			break;
		rest = str_from(rest, 1);
	}
	if (count < 2)
		return false;
	*ret_version = version;
	return true;
}

bool handover_version_is_at_least(
	const struct handover_version *version, uint64_t major, uint64_t minor, uint64_t patch)
{
	const uint64_t wanted[] = {major, minor, patch};

	for (size_t i = 0; i < array_size(wanted); i++)
		if (version->numbers[i] != wanted[i])
			return version->numbers[i] > wanted[i];
	return true;
}

enum handover_image_restore handover_containerd_images(const struct handover_version *version)
{
	if (handover_version_is_at_least(version, 2, 4, 0))
		return HANDOVER_IMAGE_REMOVED;
	if (!handover_version_is_at_least(version, 2, 1, 0))
		return HANDOVER_IMAGE_NOT_YET;
	if (handover_version_is_at_least(version, 2, 3, 0)
			? handover_version_is_at_least(version, 2, 3, 4)
			: handover_version_is_at_least(version, 2, 2, 7))
		return HANDOVER_IMAGE_OPTIONAL;
	return HANDOVER_IMAGE_ALWAYS;
}
