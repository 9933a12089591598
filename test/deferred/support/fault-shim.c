/*
 * A disk that fails now and then: preloaded into a process, it makes some calls on files of the log end short, or with
 * ENOSPC or EIO. RAGE_FAULTS="<path part> <short> <enospc> <eio> <seed>": the shares of calls, per million.
 *
 *     cc -shared -fPIC -O2 -o fault-shim.so fault-shim.c -ldl
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char part[256];
static long short_share, enospc_share, eio_share;
static unsigned long long state;

__attribute__((constructor)) static void begin(void) {
  const char *given = getenv("RAGE_FAULTS");
  if (given == NULL) return;
  sscanf(given, "%255s %ld %ld %ld %llu", part, &short_share, &enospc_share, &eio_share, &state);
  state += 0x9e3779b97f4a7c15ULL;
}

static int happens(long share) {
  if (share == 0) return 0;
  unsigned long long x = __atomic_add_fetch(&state, 0x9e3779b97f4a7c15ULL, __ATOMIC_RELAXED);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return (long)((x ^ (x >> 31)) % 1000000) < share;
}

static int is_of_log(int file) {
  char link[64], path[512];
  if (part[0] == 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return strstr(path, part) != NULL && (strstr(path, ".wal") != NULL || strstr(path, "/next") != NULL);
}

static ssize_t written(ssize_t (*real)(int, const void *, size_t, off_t), int file, const void *bytes,
                       size_t count, off_t offset) {
  if (is_of_log(file)) {
    if (happens(enospc_share)) {
      errno = ENOSPC;
      return -1;
    }
    if (count > 1 && happens(short_share)) count = 1 + count / 3;
  }
  return real(file, bytes, count, offset);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  static ssize_t (*real)(int, const void *, size_t, off_t);
  if (real == NULL) real = dlsym(RTLD_NEXT, "pwrite");
  return written(real, file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off_t offset) {
  static ssize_t (*real)(int, const void *, size_t, off_t);
  if (real == NULL) real = dlsym(RTLD_NEXT, "pwrite64");
  return written(real, file, bytes, count, offset);
}

static int synced(int (*real)(int), int file) {
  if (is_of_log(file) && happens(eio_share)) {
    errno = EIO;
    return -1;
  }
  return real(file);
}

int fdatasync(int file) {
  static int (*real)(int);
  if (real == NULL) real = dlsym(RTLD_NEXT, "fdatasync");
  return synced(real, file);
}
