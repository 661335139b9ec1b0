/* What WASI preview 1 has, by way of the C library: the same lines against every ABI. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SAY(call) printf("%s: %s\n", #call, (call) < 0 ? strerror(errno) : "done")

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(const char *path) {
    char *names[64];
    int count = 0;
    struct dirent *entry;
    DIR *directory = opendir(path);
    if (!directory) {
        printf("%s: %s\n", path, strerror(errno));
        return;
    }
    while (count < 64 && (entry = readdir(directory))) names[count++] = strdup(entry->d_name);
    closedir(directory);
    qsort(names, count, sizeof *names, by_name);
    printf("%s:", path);
    for (int i = 0; i < count; i++) printf(" %s", names[i]);
    printf("\n");
}

static void stat_of(const char *path) {
    struct stat found;
    if (stat(path, &found)) printf("%s: %s\n", path, strerror(errno));
    else
        printf("%s: %lld bytes, %s, %d\n", path, S_ISDIR(found.st_mode) ? 0 : (long long)found.st_size,
               S_ISDIR(found.st_mode) ? "directory" : S_ISREG(found.st_mode) ? "file" : "other",
               found.st_mtim.tv_sec > 1000000000);
}

int main(void) {
    char text[64] = "";
    unsigned char bytes[2][16];
    struct timespec before, after;
    FILE *file = fopen("/io/a.txt", "w");
    fputs("one\ntwo\n", file);
    fclose(file);
    file = fopen("/io/a.txt", "a");
    fputs("three\n", file);
    fclose(file);
    file = fopen("/io/a.txt", "r+");
    fseek(file, 4, SEEK_SET);
    fputs("TWO", file);
    printf("at %ld\n", ftell(file));
    rewind(file);
    while (fgets(text, sizeof text, file)) printf("line %s", text);
    fclose(file);

    int fd = open("/io/a.txt", O_RDWR);
    SAY(pwrite(fd, "0", 1, 0));
    memset(text, 0, sizeof text);
    SAY(pread(fd, text, 7, 0));
    printf("[%s]\n", text);
    printf("end %lld\n", (long long)lseek(fd, 0, SEEK_END));
    SAY(lseek(fd, -1, SEEK_SET));
    SAY(ftruncate(fd, 5));
    SAY(fsync(fd));
    SAY(fdatasync(fd));
    SAY(close(fd));
    SAY(close(fd));
    stat_of("/io/a.txt");

    SAY(mkdir("/io/d", 0777));
    SAY(mkdir("/io/d", 0777));
    SAY(rename("/io/a.txt", "/io/d/b.txt"));
    SAY(open("/io/a.txt", O_RDONLY));
    SAY(open("/io/d", O_WRONLY));
    SAY(open("/io/d/b.txt", O_RDONLY | O_DIRECTORY));
    SAY(open("/io/d/b.txt", O_WRONLY | O_CREAT | O_EXCL, 0666));
    SAY(open("/elsewhere", O_RDONLY));
    SAY(open("/io/../../etc/passwd", O_RDONLY));
    SAY(open("/io/\xff", O_RDONLY));
    stat_of("/io/d");
    for (int i = 0; i < 30; i++) {
        snprintf(text, sizeof text, "/io/d/a file with a name, number %d", i);
        close(open(text, O_WRONLY | O_CREAT, 0666));
    }
    list("/io");
    list("/io/d");
    SAY(symlink("b.txt", "/io/d/l"));
    memset(text, 0, sizeof text);
    SAY(readlink("/io/d/l", text, 3));
    printf("[%s]\n", text);
    stat_of("/io/d/l");
    SAY(link("/io/d/b.txt", "/io/d/c.txt"));
    stat_of("/io/d/c.txt");
    struct timespec times[2] = {{1000, 5}, {2000, 7}};
    struct stat found;
    SAY(utimensat(AT_FDCWD, "/io/d/c.txt", times, 0));
    stat("/io/d/c.txt", &found);
    printf("modified %lld.%ld\n", (long long)found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
    SAY(unlink("/io/d"));
    SAY(rmdir("/io/d"));
    SAY(unlink("/io/d/l"));
    SAY(unlink("/io/d/l"));
    SAY(open("/ro/x", O_WRONLY | O_CREAT, 0666));
    SAY(mkdir("/ro/x", 0777));
    list("/ro");
    file = fopen("/ro/given", "r");
    printf("given: %s\n", fgets(text, sizeof text, file));
    printf("%d%d%d\n", isatty(0), isatty(1), isatty(2));

    printf("random: %s\n", getentropy(bytes[0], 16) || getentropy(bytes[1], 16) ? strerror(errno)
                           : memcmp(bytes[0], bytes[1], 16)                     ? "differs"
                                                                                : "the same");
    clock_gettime(CLOCK_MONOTONIC, &before);
    struct timespec pause = {0, 50000000};
    SAY(nanosleep(&pause, NULL));
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("slept %d\n", (after.tv_sec - before.tv_sec) * 1e9 + after.tv_nsec - before.tv_nsec >= 5e7);
    printf("now %d\n", time(NULL) > 1700000000);
    for (int i = 0; i < 2000; i++) printf("a line that is long enough to make a lot of output %d\n", i);
    while (fgets(text, sizeof text, stdin)) printf("stdin %s", text);
    printf("%s %s\n", getenv("HOME"), getenv("EMPTY"));
    return 0;
}
