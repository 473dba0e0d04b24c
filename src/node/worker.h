/*
 * The worker: a process of its own that reads an archive's untrusted bytes. It has the archive and
 * a pipe, no token, no network and no file it could open; what it found goes to the agent as JSON.
 */
#ifndef NODE_WORKER_H
#define NODE_WORKER_H

/* The program's name; it lies beside the agent's. */
#define NODE_WORKER_PROGRAM "kcr-work"

/*
 * Runs the program. `describe`: standard input is the archive, standard output gets the description
 * or {"error":{"kind":4,"text":"..."}}. `flush` writes standard input to the disk and ends with the
 * errno. Returns the exit status.
 */
int node_worker_main(int count, char *const *arguments);

#endif
