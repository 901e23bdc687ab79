/* Loaded into redis-server: writes down how long the append-only file was when it was last on disk, and has a disk that cannot be written to. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int note(const char *name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  const char *broken = getenv("FSYNC_BROKEN");
  if (broken != NULL && access(broken, F_OK) == 0) {
    errno = EIO;
    return -1;
  }
  struct stat before;
  int isKnown = fstat(fd, &before) == 0; /* what is written while it syncs may not be there */
  int result = real(fd);
  const char *log = getenv("FSYNC_LOG");
  if (result != 0 || !isKnown || log == NULL) return result;
  char link[64], path[512], line[640];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return result;
  path[length] = 0;
  if (strstr(path, ".incr.aof") == NULL) return result;
  int file = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (file >= 0) {
    int size = snprintf(line, sizeof line, "%lld %s\n", (long long)before.st_size, path);
    if (write(file, line, size) < 0) { /* the last one before it counts */ }
    close(file);
  }
  return result;
}

int fsync(int fd) { return note("fsync", fd); }
int fdatasync(int fd) { return note("fdatasync", fd); }
