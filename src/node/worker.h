/*
 * The worker: a process of its own that reads a checkpoint's untrusted bytes. It has the archive, a
 * pipe and at most one directory, no token, no network and no other file it could open; what it
 * found goes to the agent as JSON.
 */
#ifndef NODE_WORKER_H
#define NODE_WORKER_H

/* The program's name; it lies beside the agent's. */
#define NODE_WORKER_PROGRAM "kcr-work"

enum { NODE_WORKER_DIRECTORY = 3 /* the descriptor that the directory is given as */ };

/*
 * Runs the program. `describe`: standard input is the archive, standard output gets the description
 * or {"error":{"kind":4,"text":"..."}}. `absorb`: the same of the checkpoint in the directory, into
 * which the metadata of the archive is copied. `unpack`: likewise, when all of it comes from the
 * archive. What is described or unpacked may be compressed when another argument says how many
 * bytes may come of it. `flush` writes standard input, a file or a directory, to the disk and ends
 * with the errno. Returns the exit status.
 */
int node_worker_main(int count, char *const *arguments);

#endif
