/* Requests against a scripted API server: what is sent, what becomes of answers, retries, 401. */
#include "api_peer.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "kube/apply.h"

struct world {
	struct api_world api;
	struct kube_call *call;
	struct kube_apply *apply;
	struct kube_exec exec;
	const char *arguments[4];
	char directory[64]; /* of files that the test writes */
	char path[128];
	int done;
	int status;
	bool already_exists;
	size_t applied;
	struct error error; /* NONE on success */
	char name[64]; /* metadata.name of what came */
};

static void keep_answer(void *context, const struct kube_answer *answer, const struct error *err)
{
	struct world *world = context;
	const struct json *root = answer->doc != NULL ? json_doc_root(answer->doc) : NULL;
	struct str name = json_str(json_at(root, "metadata", "name", NULL));

	world->done++;
	world->status = answer->status;
	world->already_exists = answer->already_exists;
	world->error = err != NULL ? *err : (struct error){.kind = ERROR_NONE};
	(void)snprintf(world->name, sizeof(world->name), "%.*s", STR_ARG(name));
}

static void keep_applied(
	void *context, size_t done_count, const struct kube_answer *answer, const struct error *err)
{
	struct world *world = context;

	world->done++;
	world->applied = done_count;
	world->status = answer != NULL ? answer->status : 0;
	world->error = err != NULL ? *err : (struct error){.kind = ERROR_NONE};
}

static int make_world(void **state)
{
	struct world *world = new_zeroed(struct world);

	*state = world;
	(void)snprintf(world->directory, sizeof(world->directory), "/tmp/kcr-kube-XXXXXX");
	assert_non_null(mkdtemp(world->directory));
	api_world_start(&world->api);
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;

	kube_call_free(world->call);
	kube_apply_free(world->apply);
	api_world_stop(&world->api);
	if (world->path[0] != '\0')
		(void)unlink(world->path);
	(void)rmdir(world->directory);
	free(world);
	return 0;
}

/* Writes a file into the test's directory; its path is world->path. */
static void write_file(struct world *world, const char *name, const char *text, mode_t mode)
{
	struct error err;
	int fd;

	(void)snprintf(world->path, sizeof(world->path), "%s/%s", world->directory, name);
	fd = open(world->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, str_of(text), name, &err), 0);
	fd_close(&fd);
}

static void start(struct world *world, const struct kube_request *request)
{
	kube_call_free(world->call);
	world->call = kube_call_start(world->api.client, request, keep_answer, world);
	assert_int_equal(world->done, 0);
}

static void finish(struct world *world)
{
	api_run_until(&world->api.peer, &world->done, 1);
	world->done = 0;
	api_check(&world->api.peer);
}

static const struct kube_request get_pod = {
	.verb = KUBE_GET,
	.resource = &api_pods,
	.namespace = {"a", 1},
	.name = {"x", 1},
};

#define POD      "{\"metadata\":{\"name\":\"x\"}}"
#define GET_LINE "GET /api/v1/namespaces/a/pods/x HTTP"

static void a_get_answers_with_the_object(void **state)
{
	struct world *world = *state;
	struct api_step *step = api_expect(&world->api.peer, GET_LINE, 200, POD);

	kube_material_set(&world->api.config.token, STR("t0ken"));
	step->expects[1] = "Authorization: Bearer t0ken\r\n";
	step->expects[2] = "User-Agent: kcr/" KCR_VERSION " (linux/";
	step->expects[3] = "Accept: application/json\r\n";
	api_world_connect(&world->api);
	assert_string_equal(kube_client_token(world->api.client), "t0ken");
	start(world, &get_pod);
	finish(world);
	assert_int_equal(world->error.kind, ERROR_NONE);
	assert_string_equal(world->name, "x");
}

static void impersonation_is_sent(void **state)
{
	static const char *const groups[] = {"g1", "g2", NULL};
	struct world *world = *state;
	struct api_step *step = api_expect(&world->api.peer, GET_LINE, 200, POD);

	world->api.config.impersonate_user = "jane";
	world->api.config.impersonate_groups = groups;
	step->expects[1] = "Impersonate-User: jane\r\n";
	step->expects[2] = "Impersonate-Group: g1\r\n";
	step->expects[3] = "Impersonate-Group: g2\r\n";
	api_world_connect(&world->api);
	start(world, &get_pod);
	finish(world);
	assert_int_equal(world->error.kind, ERROR_NONE);
}

static void each_verb_says_what_it_means(void **state)
{
	const struct {
		struct kube_request request;
		const char *line;
		const char *content_type;
		const char *body;
	} cases[] = {
		{{.verb = KUBE_CREATE, .namespace = STR("a"), .body = STR("{\"k\":1}")},
			"POST /api/v1/namespaces/a/pods HTTP", "Content-Type: application/json\r\n",
			"\r\n\r\n{\"k\":1}"},
		{{.verb = KUBE_MERGE,
			 .namespace = STR("a"),
			 .name = STR("x"),
			 .subresource = STR("status"),
			 .body = STR("{\"k\":1}"),
			 .field_manager = STR("me")},
			"PATCH /api/v1/namespaces/a/pods/x/status?fieldManager=me HTTP",
			"Content-Type: application/merge-patch+json\r\n", "\r\n\r\n{\"k\":1}"},
		{{.verb = KUBE_JSON_PATCH,
			 .namespace = STR("a"),
			 .name = STR("x"),
			 .body = STR("[]")},
			"PATCH /api/v1/namespaces/a/pods/x HTTP",
			"Content-Type: application/json-patch+json\r\n", "\r\n\r\n[]"},
		{{.verb = KUBE_APPLY,
			 .namespace = STR("a"),
			 .name = STR("x"),
			 .body = STR("{\"k\":1}"),
			 .field_manager = STR("kcr/c")},
			"PATCH /api/v1/namespaces/a/pods/x?fieldManager=kcr%2Fc&force=true HTTP",
			"Content-Type: application/apply-patch+yaml\r\n", "\r\n\r\n{\"k\":1}"},
		{{.verb = KUBE_DELETE,
			 .namespace = STR("a"),
			 .name = STR("x"),
			 .uid = STR("u1"),
			 .resource_version = STR("7"),
			 .propagation = KUBE_PROPAGATION_BACKGROUND},
			"DELETE /api/v1/namespaces/a/pods/x HTTP",
			"Content-Type: application/json\r\n",
			"{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"propagationPolicy\":"
			"\"Background\",\"preconditions\":{\"uid\":\"u1\",\"resourceVersion\":"
			"\"7\"}}"},
		{{.verb = KUBE_LIST,
			 .label_selector = STR("a in (b,c)"),
			 .limit = 5,
			 .resource_version = STR("0")},
			"GET /api/v1/pods?labelSelector=a%20in%20%28b%2Cc%29&limit=5"
			"&resourceVersion=0 HTTP",
			NULL, ""},
		{{.verb = KUBE_LIST, .limit = 5, .resource_version = STR("7")},
			"GET /api/v1/pods?limit=5&resourceVersion=7"
			"&resourceVersionMatch=NotOlderThan HTTP",
			NULL, ""},
	};
	struct world *world = *state;

	api_world_connect(&world->api);
	for (size_t i = 0; i < array_size(cases); i++) {
		struct kube_request request = cases[i].request;
		struct api_step *step = api_expect(&world->api.peer, cases[i].line, 200, POD);
		request.resource = &api_pods;
		step->expects[1] = cases[i].body;
		step->expects[2] = cases[i].content_type;
		start(world, &request);
		finish(world);
		assert_int_equal(world->error.kind, ERROR_NONE);
	}
}

static void a_refusal_names_verb_object_and_the_servers_message(void **state)
{
	struct world *world = *state;

	api_world_connect(&world->api);
	api_expect(&world->api.peer, GET_LINE, 403,
		"{\"kind\":\"Status\",\"message\":\"pods \\\"x\\\" is forbidden: no\",\"reason\":"
		"\"Forbidden\",\"code\":403}");
	start(world, &get_pod);
	finish(world);
	assert_int_equal(world->error.kind, ERROR_DENIED);
	assert_int_equal(world->error.status, 403);
	assert_string_equal(
		world->error.text, "cannot get pods 'a/x': pods \"x\" is forbidden: no");
}

static void a_taken_name_is_told_from_a_changed_version(void **state)
{
	struct world *world = *state;
	struct kube_request request = {
		.verb = KUBE_CREATE,
		.resource = &api_pods,
		.namespace = STR("a"),
		.body = STR("{}"),
	};

	api_world_connect(&world->api);
	api_expect(&world->api.peer, "POST ", 409, "{\"reason\":\"AlreadyExists\"}");
	start(world, &request);
	finish(world);
	assert_int_equal(world->error.kind, ERROR_CONFLICT);
	assert_true(world->already_exists);
	api_expect(&world->api.peer, "POST ", 409, "{\"reason\":\"Conflict\"}");
	start(world, &request);
	finish(world);
	assert_int_equal(world->error.kind, ERROR_CONFLICT);
	assert_false(world->already_exists);
	request.existing_is_fine = true;
	api_expect(&world->api.peer, "POST ", 409, "{\"reason\":\"AlreadyExists\"}");
	start(world, &request);
	finish(world);
	assert_int_equal(world->error.kind, ERROR_NONE);
}

static void names_that_would_change_the_path_are_refused(void **state)
{
	static const char *const names[] = {"", ".", "..", "a/b", "x%2Fy", "x/../../secrets"};
	struct world *world = *state;

	api_world_connect(&world->api);
	for (size_t i = 0; i < array_size(names); i++) {
		struct kube_request request = get_pod;
		request.verb = KUBE_DELETE;
		request.name = str_of(names[i]);
		start(world, &request);
		finish(world);
		assert_int_equal(world->error.kind, ERROR_INVALID);
	}
	assert_int_equal(world->api.peer.connection_count, 0);
}

static void too_many_requests_are_repeated_after_what_the_server_says(void **state)
{
	struct world *world = *state;
	struct kube_request create = {
		.verb = KUBE_CREATE,
		.resource = &api_pods,
		.namespace = STR("a"),
		.body = STR("{}"),
	};
	autobuf text = BUF_INIT(10000);
	int64_t began_us = clock_mono().us;

	api_world_connect(&world->api);
	api_expect(&world->api.peer, "POST ", 429, "{}")->headers = "Retry-After: 1\r\n";
	api_expect(&world->api.peer, "POST ", 503, "{}")->headers = "Retry-After: 0\r\n";
	api_expect(&world->api.peer, "POST ", 201, POD);
	start(world, &create);
	finish(world);
	assert_int_equal(world->status, 201);
	assert_true(clock_mono().us - began_us >= TIME_SECOND_US);
	metrics_write(world->api.metrics, &text);
	assert_non_null(strstr(text.data, "rest_client_requests_total{code=\"429\",host=\"127.0"));
	assert_non_null(strstr(text.data, "method=\"POST\"} 2"));
}

static void a_create_is_not_repeated_when_its_fate_is_unknown(void **state)
{
	struct world *world = *state;
	struct kube_request create = {
		.verb = KUBE_CREATE,
		.resource = &api_pods,
		.namespace = STR("a"),
		.body = STR("{}"),
	};

	api_world_connect(&world->api);
	api_expect(&world->api.peer, "POST ", 500, "{\"message\":\"etcd is away\"}");
	start(world, &create);
	finish(world);
	assert_int_equal(world->error.kind, ERROR_SYSTEM);
	assert_string_equal(world->error.text, "cannot create pods in namespace 'a': etcd is away");
}

static void what_is_harmless_is_repeated(void **state)
{
	struct world *world = *state;

	api_world_connect(&world->api);
	api_expect(&world->api.peer, GET_LINE, 500, "{}");
	api_expect(&world->api.peer, GET_LINE, -1, NULL);
	api_expect(&world->api.peer, GET_LINE, 200, POD);
	start(world, &get_pod);
	finish(world);
	assert_int_equal(world->error.kind, ERROR_NONE);
}

static void an_apply_is_sent_again_without_what_an_older_server_lacks(void **state)
{
	struct world *world = *state;
	struct kube_request request = {
		.verb = KUBE_APPLY,
		.resource = &api_pods,
		.namespace = STR("a"),
		.name = STR("x"),
		.body = STR("{\"status\":{\"old\":1,\"new\":2}}"),
		.field_manager = STR("kcr"),
	};

	api_world_connect(&world->api);
	api_expect(&world->api.peer, "PATCH ", 500,
		"{\"message\":\"failed to create typed patch object (a/x; v1, Kind=Pod): "
		".status.new: field not declared in schema\"}")
		->expects[1] = "{\"status\":{\"old\":1,\"new\":2}}";
	api_expect(&world->api.peer, "PATCH ", 200, POD)->expects[1] = "{\"status\":{\"old\":1}}";
	start(world, &request);
	finish(world);
	assert_int_equal(world->error.kind, ERROR_NONE);
}

static void a_wait_beyond_the_deadline_is_not_begun(void **state)
{
	struct world *world = *state;
	struct kube_request request = get_pod;

	api_world_connect(&world->api);
	request.timeout_ms = 500;
	api_expect(&world->api.peer, GET_LINE, 429, "{\"message\":\"slow down\"}")->headers =
		"Retry-After: 60\r\n";
	start(world, &request);
	finish(world);
	assert_int_equal(world->error.kind, ERROR_BUSY);
}

static void a_call_that_gets_no_answer_ends(void **state)
{
	struct world *world = *state;
	struct kube_request request = get_pod;

	api_world_connect(&world->api);
	request.timeout_ms = 100;
	api_expect_stream(&world->api.peer, GET_LINE);
	start(world, &request);
	finish(world);
	assert_int_equal(world->error.kind, ERROR_TIMEOUT);
}

static void a_released_call_is_not_called_back(void **state)
{
	struct world *world = *state;

	api_world_connect(&world->api);
	api_expect_stream(&world->api.peer, GET_LINE);
	start(world, &get_pod);
	api_run_through(&world->api.peer);
	kube_call_free(take_ptr(&world->call));
	api_run_for(&world->api.peer, 20);
	assert_int_equal(world->done, 0);
}

static void an_answer_that_is_no_json_is_corrupt(void **state)
{
	struct world *world = *state;

	api_world_connect(&world->api);
	api_expect(&world->api.peer, GET_LINE, 200, "<html>");
	start(world, &get_pod);
	finish(world);
	assert_int_equal(world->error.kind, ERROR_CORRUPT);
}

static void a_refused_token_is_read_again(void **state)
{
	struct world *world = *state;

	kube_material_set(&world->api.config.token, STR("old"));
	write_file(world, "token", "new\n", 0600);
	world->api.config.token.path = str_dup(str_of(world->path));
	api_world_connect(&world->api);
	api_expect(&world->api.peer, GET_LINE, 401, "{}")->expects[1] = "Bearer old\r\n";
	api_expect(&world->api.peer, GET_LINE, 200, POD)->expects[1] = "Bearer new\r\n";
	start(world, &get_pod);
	finish(world);
	assert_int_equal(world->error.kind, ERROR_NONE);
}

static void a_token_that_stays_refused_is_an_error(void **state)
{
	struct world *world = *state;

	write_file(world, "token", "old\n", 0600);
	world->api.config.token.path = str_dup(str_of(world->path));
	kube_material_set(&world->api.config.token, STR("old"));
	api_world_connect(&world->api);
	api_expect(&world->api.peer, GET_LINE, 401, "{\"message\":\"Unauthorized\"}");
	start(world, &get_pod);
	finish(world);
	assert_int_equal(world->error.kind, ERROR_DENIED);
	assert_string_equal(world->error.text, "cannot get pods 'a/x': Unauthorized");
	assert_null(strstr(world->error.text, "old"));
}

/* A plugin whose token is the number of its run, counted by the size of a file next to it. */
static const char plugin_script[] =
	"#!/bin/sh\n"
	"printf x >>\"$0.runs\"\n"
	"runs=$(wc -c <\"$0.runs\")\n"
	"case $KUBERNETES_EXEC_INFO in *'\"interactive\":false'*) ;; *) exit 3 ;; esac\n"
	"test \"$MY_NAME\" = 'my value' || exit 4\n"
	"echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\","
	"\"status\":{\"token\":\"run-'$((runs))'\"}}'\n";

static void use_plugin(struct world *world, const char *script)
{
	static const char *const variables[] = {"MY_NAME=my value", NULL};

	write_file(world, "plugin", script, 0700);
	world->arguments[0] = world->path;
	world->exec = (struct kube_exec){
		.api_version = "client.authentication.k8s.io/v1",
		.arguments = world->arguments,
		.variables = variables,
		.interaction = KUBE_EXEC_NEVER,
	};
	world->api.config.exec = &world->exec;
	api_world_connect(&world->api);
}

static void remove_plugin_runs(struct world *world)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "%s.runs", world->path);
	(void)unlink(path);
}

static void a_plugin_runs_once_and_again_after_a_refusal(void **state)
{
	struct world *world = *state;

	use_plugin(world, plugin_script);
	assert_null(kube_client_token(world->api.client));
	api_expect(&world->api.peer, GET_LINE, 200, POD)->expects[1] = "Bearer run-1\r\n";
	start(world, &get_pod);
	finish(world);
	api_expect(&world->api.peer, GET_LINE, 401, "{}")->expects[1] = "Bearer run-1\r\n";
	api_expect(&world->api.peer, GET_LINE, 200, POD)->expects[1] = "Bearer run-2\r\n";
	start(world, &get_pod);
	finish(world);
	remove_plugin_runs(world);
	assert_int_equal(world->error.kind, ERROR_NONE);
}

static void a_plugins_failure_is_the_calls(void **state)
{
	struct world *world = *state;

	use_plugin(world, "#!/bin/sh\nexit 7\n");
	start(world, &get_pod);
	finish(world);
	assert_int_equal(world->error.kind, ERROR_DENIED);
	assert_non_null(strstr(world->error.text, "ended with exit code 7"));
}

static void a_plugins_output_is_never_shown(void **state)
{
	struct world *world = *state;

	use_plugin(world, "#!/bin/sh\necho 's3cret'\n");
	start(world, &get_pod);
	finish(world);
	assert_int_equal(world->error.kind, ERROR_CORRUPT);
	assert_null(strstr(world->error.text, "s3cret"));
}

static void a_missing_plugin_shows_its_install_hint(void **state)
{
	struct world *world = *state;

	use_plugin(world, "");
	world->arguments[0] = "/nonexistent/plugin";
	world->exec.install_hint = "get it from example.com";
	start(world, &get_pod);
	finish(world);
	assert_int_equal(world->error.kind, ERROR_DENIED);
	assert_non_null(strstr(world->error.text, "get it from example.com: cannot start"));
}

static void a_call_that_waits_for_a_plugin_can_be_released(void **state)
{
	struct world *world = *state;

	use_plugin(world, "#!/bin/sh\nexec sleep 60\n");
	start(world, &get_pod);
	api_run_for(&world->api.peer, 5);
	kube_call_free(take_ptr(&world->call));
	api_run_for(&world->api.peer, 5);
	assert_int_equal(world->done, 0);
}

static void a_list_of_requests_is_carried_out_in_order(void **state)
{
	struct world *world = *state;
	const struct kube_request requests[] = {get_pod, get_pod, get_pod};

	api_world_connect(&world->api);
	api_expect(&world->api.peer, GET_LINE, 200, POD);
	api_expect(&world->api.peer, GET_LINE, 200, POD);
	api_expect(&world->api.peer, GET_LINE, 200, POD);
	world->apply = kube_apply_start(world->api.client, arena_new(10), requests,
		array_size(requests), keep_applied, world);
	finish(world);
	assert_int_equal(world->applied, 3);
	assert_int_equal(world->error.kind, ERROR_NONE);
}

static void a_list_of_requests_stops_at_the_first_failure(void **state)
{
	struct world *world = *state;
	const struct kube_request requests[] = {get_pod, get_pod, get_pod};

	api_world_connect(&world->api);
	api_expect(&world->api.peer, GET_LINE, 200, POD);
	api_expect(&world->api.peer, GET_LINE, 404, "{\"message\":\"gone\"}");
	world->apply = kube_apply_start(
		world->api.client, NULL, requests, array_size(requests), keep_applied, world);
	finish(world);
	assert_int_equal(world->applied, 1);
	assert_int_equal(world->status, 404);
	assert_int_equal(world->error.kind, ERROR_ABSENT);
}

static void an_empty_list_of_requests_is_done(void **state)
{
	struct world *world = *state;

	api_world_connect(&world->api);
	world->apply = kube_apply_start(world->api.client, NULL, NULL, 0, keep_applied, world);
	assert_int_equal(world->done, 0);
	finish(world);
	assert_int_equal(world->error.kind, ERROR_NONE);
}

#define client_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		client_test(a_get_answers_with_the_object),
		client_test(impersonation_is_sent),
		client_test(each_verb_says_what_it_means),
		client_test(a_refusal_names_verb_object_and_the_servers_message),
		client_test(a_taken_name_is_told_from_a_changed_version),
		client_test(names_that_would_change_the_path_are_refused),
		client_test(too_many_requests_are_repeated_after_what_the_server_says),
		client_test(a_create_is_not_repeated_when_its_fate_is_unknown),
		client_test(what_is_harmless_is_repeated),
		client_test(an_apply_is_sent_again_without_what_an_older_server_lacks),
		client_test(a_wait_beyond_the_deadline_is_not_begun),
		client_test(a_call_that_gets_no_answer_ends),
		client_test(a_released_call_is_not_called_back),
		client_test(an_answer_that_is_no_json_is_corrupt),
		client_test(a_refused_token_is_read_again),
		client_test(a_token_that_stays_refused_is_an_error),
		client_test(a_plugin_runs_once_and_again_after_a_refusal),
		client_test(a_plugins_failure_is_the_calls),
		client_test(a_plugins_output_is_never_shown),
		client_test(a_missing_plugin_shows_its_install_hint),
		client_test(a_call_that_waits_for_a_plugin_can_be_released),
		client_test(a_list_of_requests_is_carried_out_in_order),
		client_test(a_list_of_requests_stops_at_the_first_failure),
		client_test(an_empty_list_of_requests_is_done),
	};

	return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
