/*
 * One small state for each connection: reading the line, waiting for the kubelet's word about the
 * end of the container before, done. Most ends were seen by their pidfd, so that nobody has to be
 * asked.
 */
#include "node/questions.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/list.h"
#include "node/answer.h"
#include "node/direct.h"
#include "node/state.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

enum {
	/* All containers of a node that come back at once, after it was started. */
	QUESTIONS_MAX = 256,
	/* kcr-runtime has gone on without an answer by then, whatever its configuration says. */
	QUESTIONS_DEADLINE_MS = 10000,
	/* kcr-runtime waits for 200 ms if nobody has changed that; some are for the way. */
	QUESTIONS_KUBELET_MS = 150,
	/* Until connections are taken again when there was no descriptor for one. */
	QUESTIONS_PAUSE_MS = 100,
};

struct node_questions {
	struct node *node;
	int fd;
	struct loop_source *source; /* NULL during a pause */
	struct loop_source *pause;
	struct list open; /* struct node_question */
	size_t count;
	struct node_kubelet_call *call; /* for all whose turn it is; NULL: none is under way */
};

/* Whether the kubelet's word is wanted. */
enum question_wait { QUESTION_ASKS_NOBODY, QUESTION_WAITS_FOR_NEXT, QUESTION_IS_IN_CALL };

struct node_question {
	struct node_questions *questions;
	struct list link;
	int fd;
	struct loop_source *readable;
	struct loop_source *deadline;
	struct buf line;
	struct arena *arena; /* for the question */
	struct handover_question asked;
	enum question_wait wait;
};

static void question_free(struct node_question *question)
{
	list_remove(&question->link);
	question->questions->count--;
	loop_source_free(question->readable);
	loop_source_free(question->deadline);
	fd_close(&question->fd);
	buf_done(&question->line);
	arena_free(question->arena);
	free(question);
}

static void question_is_late(void *context)
{
	question_free(context);
}

/* ---- The answer ---- */

static const struct api_pod *question_pod(const struct node_question *question)
{
	const struct handover_question *asked = &question->asked;
	const struct api_pod *pod =
		node_pod(question->questions->node, asked->namespace, asked->pod);

	return pod != NULL && str_equal(pod->metadata.uid, asked->pod_uid) ? pod : NULL;
}

static void question_send(
	const struct node_question *question, const struct handover_answer *answer)
{
	autobuf line = BUF_INIT(HANDOVER_ANSWER_BYTES);

	handover_answer_write(answer, &line);
	/* a line fits the socket's buffer; who has gone away does without */
	if (buf_check(&line, "the answer", &(struct error){0}) == 0)
		(void)send(question->fd, line.data, line.size, MSG_NOSIGNAL | MSG_DONTWAIT);
	log_debug("Answered kcr-runtime", "pod", question->asked.pod.data, "container",
		question->asked.container.data, "action", answer->action.data);
}

/* Whether a request speaks, whatever the policy and however the container has ended. */
static bool question_is_requested(const struct node_question *question, const struct api_pod *pod,
	const struct restore_view *view, struct node_candidates *candidates,
	struct handover_answer *ret_answer)
{
	const struct api_restore_request *request =
		node_requested(question->questions->node, pod, question->asked.container);

	if (request == NULL ||
		!node_candidates_include(
			candidates, view, request->status.checkpoint->uid, clock_wall()))
		return false;
	*ret_answer = (struct handover_answer){
		.version = HANDOVER_FORMAT_VERSION,
		.action = STR(HANDOVER_ANSWER_RESTORE),
		.checkpoint = request->status.checkpoint->uid,
	};
	return true;
}

/* By what is known now; the Pod may have changed while the kubelet was asked. */
static void question_answer(struct node_question *question, const struct node_end *end)
{
	const struct node *node = question->questions->node;
	const struct api_pod *pod = question_pod(question);
	const struct api_container *container =
		pod != NULL ? api_pod_container(pod, question->asked.container) : NULL;
	struct restore_view view;
	struct node_candidates candidates;
	struct handover_answer answer;

	if (container != NULL) {
		view = node_restore_view(node, pod, container, question->arena);
		candidates = node_candidates_choose(&view, clock_wall(), question->arena);
		if (!question_is_requested(question, pod, &view, &candidates, &answer))
			answer = node_answer_decide(&view.terms, &candidates, end, question->arena);
		question_send(question, &answer);
		node_want_records_soon(
			question->questions->node, question->asked.namespace, question->asked.pod);
	}
	question_free(question);
}

static bool question_was_killed(const struct node *node, struct str container_id)
{
	autobuf mark = BUF_INIT(LIMIT_ARCHIVE_PATH);

	buf_printf(&mark, HANDOVER_CONTAINERS "/%.*s" HANDOVER_KILLED,
		STR_ARG(node_plain_id(container_id)));
	return faccessat(node_store_fd(node->store), mark.data, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/*
 * An end that is told, looked at once more. The Pod's status may be older than the end that is
 * asked about, as while the API server is away, and the kubelet's list has it from there: then it
 * is of a container before the last one, and says nothing.
 */
static struct node_end question_check_end(
	const struct node_question *question, const struct api_pod *pod, struct node_end end)
{
	const struct node *node = question->questions->node;

	if (!end.is_known ||
		node_was_made_since(node, pod, question->asked.container, end.container_id,
			end.finished, question->arena))
		return (struct node_end){0};
	end.was_killed = question_was_killed(node, end.container_id);
	return end;
}

/* The kubelet's word; without it the API server's, which may be some moments older. */
static void question_kubelet_told(
	struct node_question *question, const struct json *list, const struct error *err)
{
	const struct api_pod *pod = NULL;
	struct node_end end = {0};

	if (err == NULL)
		pod = node_kubelet_find_pod(list, question->asked.pod_uid, question->arena);
	else
		log_warning(err, "The kubelet did not tell how a container ended", "namespace",
			question->asked.namespace.data, "pod", question->asked.pod.data);
	if (pod == NULL)
		pod = question_pod(question);
	if (pod != NULL)
		end = question_check_end(
			question, pod, node_end_shown(pod, question->asked.container));
	question_answer(question, &end);
}

static void questions_ask_kubelet(struct node_questions *questions);

static void questions_kubelet_told(void *context, const struct json *list, const struct error *err)
{
	struct node_questions *questions = context;

	list_for_each (link, &questions->open) {
		struct node_question *question = list_item(link, struct node_question, link);
		if (question->wait == QUESTION_IS_IN_CALL)
			question_kubelet_told(question, list, err);
	}
	node_kubelet_call_free(take_ptr(&questions->call));
	questions_ask_kubelet(questions);
}

/*
 * One call at a time, for all who wait: the list may be of some MiB, and after the node's start all
 * its containers come at once. A list that was begun before a question may not show the end that
 * the question is about, so who comes meanwhile waits for the next.
 */
static void questions_ask_kubelet(struct node_questions *questions)
{
	const struct node *node = questions->node;
	bool is_wanted = false;

	if (questions->call != NULL)
		return;
	list_for_each (link, &questions->open) {
		struct node_question *question = list_item(link, struct node_question, link);
		if (question->wait != QUESTION_WAITS_FOR_NEXT)
			continue;
		question->wait = QUESTION_IS_IN_CALL;
		is_wanted = true;
	}
	if (is_wanted)
		questions->call = node_kubelet_pods(&node->kubelet, kube_client_token(node->client),
			QUESTIONS_KUBELET_MS, questions_kubelet_told, questions);
}

/* The container that the Pod's status still shows is mostly the one before: did we see it end? */
static bool question_seen_end(
	const struct node_question *question, const struct api_pod *pod, struct node_end *ret_end)
{
	const struct node *node = question->questions->node;
	const struct api_container_status *status =
		api_pod_container_status(pod, question->asked.container);
	const struct api_container_exit *exit =
		status != NULL ? map_get(&node->ended, status->container_id) : NULL;

	if (exit == NULL)
		return false;
	*ret_end = question_check_end(question, pod,
		(struct node_end){.is_known = true,
			.container_id = status->container_id,
			.finished = exit->finished,
			.exit_code = exit->exit_code});
	return ret_end->is_known;
}

static void question_take(struct node_question *question)
{
	struct node *node = question->questions->node;
	const struct api_pod *pod = question_pod(question);
	const struct api_container *container =
		pod != NULL ? api_pod_container(pod, question->asked.container) : NULL;
	struct restore_view view;
	struct node_candidates candidates;
	struct handover_answer ignored; /* it is given anew */
	struct node_end end = {0};

	if (container == NULL) {
		question_free(question); /* we know less than the plan */
		return;
	}
	view = node_restore_view(node, pod, container, question->arena);
	candidates = node_candidates_choose(&view, clock_wall(), question->arena);
	if (question_is_requested(question, pod, &view, &candidates, &ignored) ||
		!node_answer_needs_end(&view.terms, &candidates) ||
		question_seen_end(question, pod, &end)) {
		question_answer(question, &end);
		return;
	}
	question->wait = QUESTION_WAITS_FOR_NEXT;
	questions_ask_kubelet(question->questions);
}

/* ---- The question ---- */

/* Some more of the line. Returns 1 when it is whole, 0 when more is to come, -1 when none will. */
static int question_receive(struct node_question *question)
{
	char step[4096];
	ssize_t got = recv(question->fd, step, sizeof(step), 0);
	struct error ignored;

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	buf_add(&question->line, (struct str){step, (size_t)got});
	if (got == 0 || buf_check(&question->line, "a question", &ignored) < 0)
		return -1;
	return memchr(question->line.data, '\n', question->line.size) != NULL ? 1 : 0;
}

static void question_readable(void *context, unsigned events)
{
	struct node_question *question = context;
	int received = question_receive(question);
	struct error err;

	(void)events;
	if (received == 0)
		return;
	if (received < 0) {
		question_free(question);
		return;
	}
	loop_source_free(question->readable);
	question->readable = NULL;
	if (handover_question_read(
		    buf_str(&question->line), question->arena, &question->asked, &err) < 0) {
		log_warning(&err, "Did not understand a question of kcr-runtime");
		question_free(question);
		return;
	}
	question_take(question);
}

static void questions_accept(void *context, unsigned events);

static int questions_watch(struct node_questions *questions, struct error *err)
{
	return loop_watch_fd(questions->node->loop, questions->fd, LOOP_READ, questions_accept,
		questions, &questions->source, err);
}

static void questions_resume(void *context)
{
	struct node_questions *questions = context;
	struct error err;

	if (questions_watch(questions, &err) == 0)
		return;
	log_warning(&err, "Failed to listen to kcr-runtime, will try again");
	loop_timer_set(questions->pause, QUESTIONS_PAUSE_MS);
}

/* A connection that cannot be taken stays in the queue, and the socket readable: no spinning. */
static void questions_pause(struct node_questions *questions)
{
	loop_source_free(questions->source);
	questions->source = NULL;
	loop_timer_set(questions->pause, QUESTIONS_PAUSE_MS);
}

static void questions_accept(void *context, unsigned events)
{
	struct node_questions *questions = context;
	autoclose int fd = accept4(questions->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct loop *loop = questions->node->loop;
	struct node_question *question;
	struct error err;

	(void)events;
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
		questions_pause(questions);
	if (fd < 0 || questions->count == QUESTIONS_MAX)
		return; /* gone again, or too many: the plan speaks */
	question = new_zeroed(struct node_question);
	question->questions = questions;
	list_append(&questions->open, &question->link);
	questions->count++;
	question->fd = fd_take(&fd);
	question->line = BUF_INIT(HANDOVER_ANSWER_BYTES);
	question->arena = arena_new(4096);
	question->deadline = loop_timer_new(loop, question_is_late, question);
	loop_timer_set(question->deadline, QUESTIONS_DEADLINE_MS);
	if (loop_watch_fd(loop, question->fd, LOOP_READ, question_readable, question,
		    &question->readable, &err) < 0) {
		log_warning(&err, "Failed to listen to kcr-runtime");
		question_free(question);
	}
}

/* ---- Listening ---- */

/*
 * The path of a socket has 108 bytes; by way of our descriptor the store's own does not count. The
 * socket is for root only from the start: the mode of its descriptor is that of its name.
 */
static int questions_listen(int store, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", store,
		HANDOVER_SOCKET);
	if (fd < 0)
		return error_set_errno(err, "cannot make a socket");
	if (unlinkat(store, HANDOVER_SOCKET, 0) < 0 && errno != ENOENT)
		return error_set_errno(err, "cannot remove '%s'", HANDOVER_SOCKET);
	if (fchmod(fd, 0600) < 0 ||
		bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, QUESTIONS_MAX) < 0)
		return error_set_errno(err, "cannot listen at '%s'", HANDOVER_SOCKET);
	*ret_fd = fd_take(&fd);
	return 0;
}

int node_questions_start(
	struct node *node, struct node_questions **ret_questions, struct error *err)
{
	struct node_questions *questions;
	int fd = -1;

	if (questions_listen(node_store_fd(node->store), &fd, err) < 0)
		return -1;
	questions = new_zeroed(struct node_questions);
	questions->node = node;
	questions->fd = fd;
	questions->pause = loop_timer_new(node->loop, questions_resume, questions);
	list_init(&questions->open);
	if (questions_watch(questions, err) < 0) {
		node_questions_free(questions);
		return -1;
	}
	*ret_questions = questions;
	return 0;
}

void node_questions_free(struct node_questions *questions)
{
	if (questions == NULL)
		return;
	list_for_each (link, &questions->open)
		question_free(list_item(link, struct node_question, link));
	node_kubelet_call_free(questions->call);
	loop_source_free(questions->source);
	loop_source_free(questions->pause);
	fd_close(&questions->fd);
	free(questions);
}
