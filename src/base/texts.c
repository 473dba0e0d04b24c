/*
 * An array of texts, and chains through it from the hashes: half the memory of a table from text to
 * number beside a table from number to text. Numbers are 32 bits, those of chains one more than
 * that of the entry, so that 0 is their end.
 */
#include "base/texts.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"

enum { TEXTS_FIRST_CHAINS = 64 };

struct texts_entry {
	char *text; /* NULL: free */
	uint32_t size;
	uint32_t hash;
	uint32_t references;
	uint32_t next; /* in the chain of its hash, or among the free ones */
};

struct texts {
	struct texts_entry *entries;
	size_t used; /* entries that are or were in use */
	size_t capacity;
	size_t count;
	uint32_t free; /* the first free entry */
	uint32_t *chains;
	size_t chain_count; /* a power of two */
};

struct texts *texts_new(void)
{
	struct texts *texts = new_zeroed(struct texts);

	texts->chain_count = TEXTS_FIRST_CHAINS;
	texts->chains = alloc_zeroed(texts->chain_count, sizeof(*texts->chains));
	return texts;
}

void texts_free(struct texts *texts)
{
	if (texts == NULL)
		return;
	for (size_t i = 0; i < texts->used; i++)
		free(texts->entries[i].text);
	free(texts->entries);
	free(texts->chains);
	free(texts);
}

static uint32_t *texts_chain(const struct texts *texts, uint32_t hash)
{
	return &texts->chains[hash & (texts->chain_count - 1)];
}

/* Puts the entry in front of its chain. */
static void texts_link(struct texts *texts, uint32_t number)
{
	uint32_t *chain = texts_chain(texts, texts->entries[number].hash);

	texts->entries[number].next = *chain;
	*chain = number + 1;
}

static void texts_lengthen(struct texts *texts)
{
	free(texts->chains);
	texts->chain_count *= 2;
	texts->chains = alloc_zeroed(texts->chain_count, sizeof(*texts->chains));
	for (size_t i = 0; i < texts->used; i++)
		if (texts->entries[i].text != NULL)
			texts_link(texts, (uint32_t)i);
}

/* An entry that nobody uses. */
static uint32_t texts_place(struct texts *texts)
{
	uint32_t number = texts->free;

	if (number > 0) {
		texts->free = texts->entries[number - 1].next;
		return number - 1;
	}
	assert(texts->used < UINT32_MAX);
	texts->entries = alloc_room_for_one(
		texts->entries, texts->used, &texts->capacity, sizeof(*texts->entries));
	return (uint32_t)texts->used++;
}

uint32_t texts_take(struct texts *texts, struct str text)
{
	uint32_t hash = (uint32_t)str_hash(text);
	uint32_t number;

	assert(text.size <= UINT32_MAX);
	for (number = *texts_chain(texts, hash); number > 0;
		number = texts->entries[number - 1].next) {
		struct texts_entry *entry = &texts->entries[number - 1];
		if (entry->hash == hash &&
			str_equal((struct str){entry->text, entry->size}, text)) {
			entry->references++;
			return number - 1;
		}
	}
	number = texts_place(texts);
	texts->entries[number] = (struct texts_entry){
		.text = str_dup(text), .size = (uint32_t)text.size, .hash = hash, .references = 1};
	if (++texts->count > texts->chain_count)
		texts_lengthen(texts);
	else
		texts_link(texts, number);
	return number;
}

void texts_drop(struct texts *texts, uint32_t number)
{
	struct texts_entry *entry = &texts->entries[number];
	uint32_t *link;

	assert(number < texts->used && entry->references > 0);
	if (--entry->references > 0)
		return;
	link = texts_chain(texts, entry->hash);
	while (*link != number + 1)
		link = &texts->entries[*link - 1].next;
	*link = entry->next;
	free(entry->text);
	*entry = (struct texts_entry){.next = texts->free};
	texts->free = number + 1;
	texts->count--;
}

struct str texts_get(const struct texts *texts, uint32_t number)
{
	assert(number < texts->used && texts->entries[number].text != NULL);
	return (struct str){texts->entries[number].text, texts->entries[number].size};
}

size_t texts_count(const struct texts *texts)
{
	return texts->count;
}
