/* Pods by node, followed through a list and a watch. */
#include "api_peer.h"

#include "kube/index.h"

struct pod_spec {
	struct str node;
};

struct pod {
	struct pod_spec spec;
};

static const struct json_field spec_fields[] = {
	{.name = "nodeName", .type = JSON_FIELD_STRING, .offset = offsetof(struct pod_spec, node)},
};
static const struct json_object spec_object = JSON_OBJECT_OF("spec", struct pod_spec, spec_fields);
static const struct json_field pod_fields[] = {
	{.name = "spec",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct pod, spec),
		.object = &spec_object},
};
static const struct json_object pod_view = JSON_OBJECT_OF("Pod", struct pod, pod_fields);

struct world {
	struct api_world api;
	struct kube_informer *informer;
	struct kube_index *index;
	int changes;
	size_t told_count; /* of node n1, as a handler saw it */
};

static void node_of(const struct kube_object *object, struct buf *key)
{
	buf_add(key, ((const struct pod *)object->view)->spec.node);
}

static void tell_change(void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct world *world = context;

	(void)old;
	(void)new;
	world->changes++;
	(void)kube_index_get(world->index, STR("n1"), &world->told_count);
}

#define POD(namespace, name, node)                                                                 \
	"{\"metadata\":{\"namespace\":\"" namespace "\",\"name\":\"" name "\",\"uid\":\"u-" name   \
						    "\",\"resourceVersion\":\"5\"},\"spec\":{"     \
						    "\"nodeName\":\"" node "\"}}"
#define CHANGED(name, version, node)                                                               \
	"{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"namespace\":\"a\",\"name\":\"" name    \
	"\",\"uid\":\"u-" name "\",\"resourceVersion\":\"" version                                 \
	"\"},\"spec\":{\"nodeName\":\"" node "\"}}}\n"
#define DELETED(pod) "{\"type\":\"DELETED\",\"object\":" pod "}\n"

static int make_world(void **state)
{
	static const char list[] =
		"{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[" POD("a", "x", "n1") "," POD(
			"b", "x", "n1") "," POD("a", "y", "n2") "," POD("a", "z", "") "]}";
	struct world *world = new_zeroed(struct world);
	struct kube_informer_options options = {.resource = &api_pods, .view = &pod_view};

	*state = world;
	api_world_start(&world->api);
	api_world_connect(&world->api);
	world->informer = kube_informer_new(world->api.client, &options);
	world->index = kube_index_new(world->informer, node_of);
	kube_informer_on_change(world->informer, tell_change, world);
	api_expect(&world->api.peer, "sendInitialEvents=true", 422, "{}");
	api_expect(&world->api.peer, "GET /api/v1/pods?limit=500 ", 200, list);
	api_expect_stream(&world->api.peer, "resourceVersion=7 ");
	kube_informer_start(world->informer);
	api_run_through(&world->api.peer);
	assert_int_equal(world->changes, 4);
	world->changes = 0;
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;

	kube_informer_free(world->informer);
	kube_index_free(world->index);
	api_world_stop(&world->api);
	free(world);
	return 0;
}

/* The objects under a key, in the order of their names: "a/x b/x". */
static void assert_index(const struct world *world, struct str key, const char *expected)
{
	autobuf names = BUF_INIT(1000);
	size_t count;
	const struct kube_object *const *objects = kube_index_get(world->index, key, &count);

	for (char namespace = 'a'; namespace <= 'b'; namespace ++)
		for (char name = 'x'; name <= 'z'; name++)
			for (size_t i = 0; i < count; i++)
				if (objects[i]->namespace.data[0] == namespace &&
					objects[i]->name.data[0] == name)
					buf_printf(&names, "%s%c/%c", names.size > 0 ? " " : "",
						namespace, name);
	assert_string_equal(names.data, expected);
}

static void a_list_fills_it_but_for_objects_without_a_key(void **state)
{
	const struct world *world = *state;

	assert_index(world, STR("n1"), "a/x b/x");
	assert_index(world, STR("n2"), "a/y");
	assert_index(world, STR(""), "");
	assert_index(world, STR("n3"), "");
}

static void a_change_moves_the_object_to_its_new_key(void **state)
{
	struct world *world = *state;

	api_push_text(&world->api.peer, CHANGED("z", "8", "n2") CHANGED("x", "9", "n3"));
	api_run_until(&world->api.peer, &world->changes, 2);
	assert_index(world, STR("n1"), "b/x");
	assert_index(world, STR("n2"), "a/y a/z");
	assert_index(world, STR("n3"), "a/x");
}

static void a_key_may_be_lost(void **state)
{
	struct world *world = *state;

	api_push_text(&world->api.peer, CHANGED("y", "8", ""));
	api_run_until(&world->api.peer, &world->changes, 1);
	assert_index(world, STR("n2"), "");
	assert_index(world, STR(""), "");
}

/* Two Pods "x" on n1: the one that goes is the one of its namespace. */
static void a_deleted_object_leaves_its_namesake(void **state)
{
	struct world *world = *state;

	api_push_text(&world->api.peer, DELETED(POD("b", "x", "n1")));
	api_run_until(&world->api.peer, &world->changes, 1);
	assert_index(world, STR("n1"), "a/x");
	api_push_text(&world->api.peer, DELETED(POD("a", "x", "n1")));
	api_run_until(&world->api.peer, &world->changes, 2);
	assert_index(world, STR("n1"), "");
}

static void handlers_see_it_right_already(void **state)
{
	struct world *world = *state;

	assert_int_equal(world->told_count, 2);
	api_push_text(&world->api.peer, DELETED(POD("a", "x", "n1")));
	api_run_until(&world->api.peer, &world->changes, 1);
	assert_int_equal(world->told_count, 1);
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(a_list_fills_it_but_for_objects_without_a_key),
		world_test(a_change_moves_the_object_to_its_new_key),
		world_test(a_key_may_be_lost),
		world_test(a_deleted_object_leaves_its_namesake),
		world_test(handlers_see_it_right_already),
	};

	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
