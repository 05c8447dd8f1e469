/* A disk that fails at a chosen moment, for LD_PRELOAD: every call by which SQLite changes a file. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <unistd.h>

enum { NEVER, CUT, FULL, FAIL };

static int fault, moment, calls;

/* From the `number`th call on: CUT: half of it is done, and the process dies; FULL: no call that
   writes succeeds any more; FAIL: this one call does not. */
void faulty_disk_arm(int kind, int number) { fault = kind, moment = number, calls = 0; }

int faulty_disk_calls(void) { return calls; }

static int due(void) {
    if (fault == NEVER)
        return 0;
    calls++;
    return fault == FULL ? calls >= moment : calls == moment;
}

static int refuse(void) {
    if (fault == CUT)
        kill(getpid(), SIGKILL);
    errno = fault == FULL ? ENOSPC : EIO;
    return -1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite64(int file, const void *from, size_t count, off64_t at) {
    if (!due())
        return NEXT(pwrite64)(file, from, count, at);
    if (fault == CUT)
        NEXT(pwrite64)(file, from, count / 2, at);
    return refuse();
}

ssize_t pwrite(int file, const void *from, size_t count, off_t at) {
    return pwrite64(file, from, count, at);
}

int ftruncate(int file, off_t length) { return due() ? refuse() : NEXT(ftruncate)(file, length); }
int ftruncate64(int file, off64_t length) { return ftruncate(file, length); }
int fsync(int file) { return due() ? refuse() : NEXT(fsync)(file); }
int fdatasync(int file) { return due() ? refuse() : NEXT(fdatasync)(file); }
int unlink(const char *path) { return due() ? refuse() : NEXT(unlink)(path); }
