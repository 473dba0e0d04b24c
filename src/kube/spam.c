/* A bucket holds time instead of tokens: each event costs its refill time, the burst is the most.
 */
#include "kube/spam.h"

#include <stdlib.h>

#include "base/alloc.h"

#define SPAM_COST_US (KUBE__SPAM_REFILL_SECONDS * TIME_SECOND_US)
#define SPAM_FULL_US (KUBE__SPAM_BURST * SPAM_COST_US)

struct spam_bucket {
	char *key;
	size_t key_size;
	int64_t left_us;
	struct mono_time used_at;
	struct list link;
};

void kube__spam_init(struct kube__spam *spam)
{
	spam->buckets = MAP_INIT;
	list_init(&spam->by_use);
}

static void spam_bucket_free(struct spam_bucket *bucket)
{
	list_remove(&bucket->link);
	free(bucket->key);
	free(bucket);
}

void kube__spam_done(struct kube__spam *spam)
{
	list_for_each (link, &spam->by_use)
		spam_bucket_free(list_item(link, struct spam_bucket, link));
	map_done(&spam->buckets);
}

static void spam_forget_oldest(struct kube__spam *spam)
{
	struct spam_bucket *oldest = list_item(spam->by_use.next, struct spam_bucket, link);

	(void)map_remove(
		&spam->buckets, (struct str){oldest->key, oldest->key_size}); /* it is `oldest` */
	spam_bucket_free(oldest);
}

static struct spam_bucket *spam_bucket_of(
	struct kube__spam *spam, struct str key, struct mono_time now)
{
	struct spam_bucket *bucket = map_get(&spam->buckets, key);

	if (bucket != NULL)
		return bucket;
	if (spam->buckets.count == KUBE__SPAM_KEYS_MAX)
		spam_forget_oldest(spam);
	bucket = new_zeroed(struct spam_bucket);
	bucket->key = str_dup(key);
	bucket->key_size = key.size;
	bucket->left_us = SPAM_FULL_US;
	bucket->used_at = now;
	list_init(&bucket->link);
	(void)map_set(&spam->buckets, key, bucket); /* it was absent */
	return bucket;
}

bool kube__spam_allows(struct kube__spam *spam, struct str key, struct mono_time now)
{
	struct spam_bucket *bucket = spam_bucket_of(spam, key, now);
	int64_t left_us = bucket->left_us + now.us - bucket->used_at.us;

	bucket->left_us = left_us < SPAM_FULL_US ? left_us : SPAM_FULL_US;
	bucket->used_at = now;
	list_remove(&bucket->link);
	list_append(&spam->by_use, &bucket->link);
	if (bucket->left_us < SPAM_COST_US)
		return false;
	bucket->left_us -= SPAM_COST_US;
	return true;
}
