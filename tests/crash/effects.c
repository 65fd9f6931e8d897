// Loaded before libc (LD_PRELOAD): numbers everything that a process does to the files below one folder, whoever does
// it (Python, libgit2, another C library), tells it to a log before it is done, and kills the process at one number, or
// refuses the effect with that number, or all from there on, as a full, broken or read-only disk does.
// One effect at a time: the order of the log is the order in which things were done.
//
// A row of the log: number, what, path, second path, argument, bytes that follow; then those bytes and a newline.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>


static char root[PATH_MAX];
static size_t root_length;
static int log_file = -1;
static long fatal, count;
static int refusal, from_then_on;
static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;

// Begins to count; `at` is the number of the effect that is not done any more, 0 for none.
void effects_begin(const char* folder, int log, long at)
{
  root_length = strlen(folder);
  memcpy(root, folder, root_length + 1);
  log_file = log;
  fatal = at;
  count = 0;
}

// Before effects_begin: nobody is killed, but the effect ends with this error, and those after it if `for_good`.
void effects_refuse(int error, int for_good)
{
  refusal = error;
  from_then_on = for_good;
}

static int inside(const char* path)
{
  return log_file >= 0 && strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

static void resolve(int folder, const char* path, char* into)
{
  char link[64];
  ssize_t length = 0;
  if (path[0] == '/') {
    snprintf(into, PATH_MAX, "%s", path);
    return;
  }
  if (folder == AT_FDCWD) {
    if (getcwd(into, PATH_MAX) == NULL) into[0] = 0;
    length = strlen(into);
  } else {
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    length = readlink(link, into, PATH_MAX - 1);
    if (length < 0) length = 0;
  }
  if (path[0] == 0)
    into[length] = 0;
  else
    snprintf(into + length, PATH_MAX - length, "/%s", path);
}

static void of_file(int file, char* into) { resolve(file, "", into); }

static void all(const void* bytes, size_t size)
{
  const char* at = bytes;
  while (size > 0) {
    ssize_t done = syscall(SYS_write, log_file, at, size);
    if (done <= 0) _exit(99);
    at += done;
    size -= done;
  }
}

static void end(void)
{
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

static int numbered(const char* what, const char* path, const char* other, long argument, const void* data, size_t size)
{
  char row[3 * PATH_MAX];
  int length =
      snprintf(row, sizeof row, "%ld\t%s\t%s\t%s\t%ld\t%zu\n", ++count, what, path, other, argument, size);
  all(row, length);
  all(data, size);
  all("\n", 1);
  return fatal > 0 && (count == fatal || (from_then_on && count > fatal));
}

// As the call would: most give -1 and errno.
static long refused(const char* what)
{
  errno = refusal;
  return strcmp(what, "allocate") ? -1 : refusal;
}

// For what is no call of libc: 1 where this is the number at which the process is to be killed.
int effects_point(const char* what, const char* subject)
{
  pthread_mutex_lock(&one);
  int now = log_file >= 0 && numbered(what, subject, "", 0, "", 0) && !refusal;
  pthread_mutex_unlock(&one);
  return now;
}


#define DO(condition, what, path, other, argument, call)                              \
  do {                                                                                \
    if (log_file < 0 || !(condition)) return call;                                    \
    pthread_mutex_lock(&one);                                                         \
    int last = numbered(what, path, other, argument, "", 0);                          \
    if (last && !refusal) end();                                                      \
    long done = last ? refused(what) : (long)(call);                                  \
    int saved = errno;                                                                \
    pthread_mutex_unlock(&one);                                                       \
    errno = saved;                                                                    \
    return done;                                                                      \
  } while (0)

#define PATH(folder, path) \
  char full[PATH_MAX];     \
  resolve(folder, path, full)

static int opened(int folder, const char* path, int flags, mode_t mode)
{
  PATH(folder, path);
  int writes = (flags & (O_ACCMODE | O_CREAT | O_TRUNC)) != O_RDONLY && (flags & O_TMPFILE) != O_TMPFILE;
  DO(writes && inside(full), "open", full, "", flags, syscall(SYS_openat, folder, path, flags | O_LARGEFILE, mode));
}

#define OPEN(name, arguments, folder)                    \
  int name arguments                                     \
  {                                                      \
    mode_t mode = 0;                                     \
    if (flags & (O_CREAT | __O_TMPFILE)) {               \
      va_list more;                                      \
      va_start(more, flags);                             \
      mode = va_arg(more, mode_t);                       \
      va_end(more);                                      \
    }                                                    \
    return opened(folder, path, flags, mode);            \
  }

OPEN(open, (const char* path, int flags, ...), AT_FDCWD)
OPEN(open64, (const char* path, int flags, ...), AT_FDCWD)
OPEN(openat, (int folder, const char* path, int flags, ...), folder)
OPEN(openat64, (int folder, const char* path, int flags, ...), folder)
int creat(const char* path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char* path, mode_t mode) { return creat(path, mode); }

// A write that is the end comes half through.
static ssize_t written(int file, const void* data, size_t size, off_t at, int here)
{
  char full[PATH_MAX] = "";
  if (log_file >= 0) of_file(file, full);
  if (!inside(full))
    return here ? syscall(SYS_write, file, data, size) : syscall(SYS_pwrite64, file, data, size, at);
  pthread_mutex_lock(&one);
  struct stat status;
  long flags = syscall(SYS_fcntl, file, F_GETFL);
  if (here) at = flags & O_APPEND && fstat(file, &status) == 0 ? status.st_size : lseek(file, 0, SEEK_CUR);
  int last = numbered("write", full, "", at, data, size);
  if (last && refusal) {
    pthread_mutex_unlock(&one);
    return refused("write");
  }
  if (last) size /= 2;
  ssize_t done = here ? syscall(SYS_write, file, data, size) : syscall(SYS_pwrite64, file, data, size, at);
  int saved = errno;
  if (last) end();
  pthread_mutex_unlock(&one);
  errno = saved;
  return done;
}

ssize_t write(int file, const void* data, size_t size) { return written(file, data, size, 0, 1); }
ssize_t pwrite(int file, const void* data, size_t size, off_t at) { return written(file, data, size, at, 0); }
ssize_t pwrite64(int file, const void* data, size_t size, off64_t at) { return written(file, data, size, at, 0); }

#define BY_FILE(result, name, arguments, what, argument, call) \
  result name arguments                                         \
  {                                                             \
    char full[PATH_MAX] = "";                                   \
    if (log_file >= 0) of_file(file, full);                     \
    DO(inside(full), what, full, "", argument, call);           \
  }

BY_FILE(int, ftruncate, (int file, off_t size), "truncate", size, syscall(SYS_ftruncate, file, size))
BY_FILE(int, ftruncate64, (int file, off64_t size), "truncate", size, syscall(SYS_ftruncate, file, size))
BY_FILE(int, posix_fallocate, (int file, off_t at, off_t size), "allocate", at + size,
        syscall(SYS_fallocate, file, 0, at, size) ? errno : 0)
BY_FILE(int, posix_fallocate64, (int file, off64_t at, off64_t size), "allocate", at + size,
        syscall(SYS_fallocate, file, 0, at, size) ? errno : 0)
BY_FILE(int, fsync, (int file), "fsync", 0, syscall(SYS_fsync, file))
BY_FILE(int, fdatasync, (int file), "fsync", 0, syscall(SYS_fdatasync, file))
BY_FILE(int, syncfs, (int file), "syncfs", 0, syscall(SYS_syncfs, file))
BY_FILE(int, fchmod, (int file, mode_t mode), "chmod", mode, syscall(SYS_fchmod, file, mode))

static long nanoseconds(const struct timespec times[2])
{
  return times == NULL ? 0 : times[1].tv_sec * 1000000000L + times[1].tv_nsec;
}

BY_FILE(int, futimens, (int file, const struct timespec times[2]), "utime", nanoseconds(times),
        syscall(SYS_utimensat, file, NULL, times, 0))

int utimensat(int folder, const char* path, const struct timespec times[2], int flags)
{
  PATH(folder, path);
  DO(inside(full), "utime", full, "", nanoseconds(times), syscall(SYS_utimensat, folder, path, times, flags));
}

int fchmodat(int folder, const char* path, mode_t mode, int flags)
{
  PATH(folder, path);
  (void)flags;
  DO(inside(full), "chmod", full, "", mode, syscall(SYS_fchmodat, folder, path, mode));
}

int chmod(const char* path, mode_t mode) { return fchmodat(AT_FDCWD, path, mode, 0); }

int truncate(const char* path, off_t size)
{
  PATH(AT_FDCWD, path);
  DO(inside(full), "truncate", full, "", size, syscall(SYS_truncate, path, size));
}

int mkdirat(int folder, const char* path, mode_t mode)
{
  PATH(folder, path);
  struct stat there;
  int anew = inside(full) && fstatat(folder, path, &there, AT_SYMLINK_NOFOLLOW) != 0;
  DO(anew, "mkdir", full, "", mode, syscall(SYS_mkdirat, folder, path, mode));
}

int mkdir(const char* path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int unlinkat(int folder, const char* path, int flags)
{
  PATH(folder, path);
  DO(inside(full), flags & AT_REMOVEDIR ? "rmdir" : "unlink", full, "", 0, syscall(SYS_unlinkat, folder, path, flags));
}

int unlink(const char* path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char* path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int remove(const char* path)
{
  struct stat status;
  if (lstat(path, &status) != 0) return -1;
  return unlinkat(AT_FDCWD, path, S_ISDIR(status.st_mode) ? AT_REMOVEDIR : 0);
}

#define TWO(one_folder, one_path, other_folder, other_path) \
  char from[PATH_MAX], to[PATH_MAX];                        \
  resolve(one_folder, one_path, from);                      \
  resolve(other_folder, other_path, to)

int renameat2(int one_folder, const char* one_path, int other_folder, const char* other_path, unsigned flags)
{
  TWO(one_folder, one_path, other_folder, other_path);
  DO(inside(from) || inside(to), "rename", from, to, flags,
     syscall(SYS_renameat2, one_folder, one_path, other_folder, other_path, flags));
}

int renameat(int one_folder, const char* one_path, int other_folder, const char* other_path)
{
  return renameat2(one_folder, one_path, other_folder, other_path, 0);
}

int rename(const char* from, const char* to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int linkat(int one_folder, const char* one_path, int other_folder, const char* other_path, int flags)
{
  TWO(one_folder, one_path, other_folder, other_path);
  DO(inside(to), "link", from, to, flags, syscall(SYS_linkat, one_folder, one_path, other_folder, other_path, flags));
}

int link(const char* from, const char* to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int symlinkat(const char* text, int folder, const char* path)
{
  PATH(folder, path);
  DO(inside(full), "symlink", full, text, 0, syscall(SYS_symlinkat, text, folder, path));
}

int symlink(const char* text, const char* path) { return symlinkat(text, AT_FDCWD, path); }
