/* A doubly linked list whose links lie inside the items: an item is in a list without allocation.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>

#include "base/attributes.h"

struct list {
	struct list *next;
	struct list *previous;
};

/* An empty list, or a link that is in no list. */
static inline void list_init(struct list *list)
{
	list->next = list;
	list->previous = list;
}

static inline bool list_is_empty(const struct list *list)
{
	return list->next == list;
}

/* Adds `link` (in no list) at the end. */
static inline void list_append(struct list *list, struct list *link)
{
	link->next = list;
	link->previous = list->previous;
	list->previous->next = link;
	list->previous = link;
}

/* Takes `link` out of its list, if it is in one. */
static inline void list_remove(struct list *link)
{
	link->previous->next = link->next;
	link->next->previous = link->previous;
	list_init(link);
}

/* The item behind a link. */
#define list_item(link, type, member) container_of(link, type, member)

/* Walks over the links; the current link may be removed, no other one may. */
#define list_for_each(link, head)                                                                  \
	for (struct list *link = (head)->next, *link##_next = link->next; link != (head);          \
		link = link##_next, link##_next = link->next)

#endif
