/* The loop: epoll for descriptors, a heap of timers, signalfd for signals, pidfds for children. */
#include "loop/loop.h"
